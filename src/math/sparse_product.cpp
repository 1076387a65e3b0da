#include "math/sparse_product.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// 16 floats: one register of AVX-512, two of AVX2. Operations are element-wise.
constexpr Index lanes = 16;
using Vector [[gnu::vector_size(lanes * sizeof(float))]] = float;

// Outputs that are summed at a time, in registers; columns of a block; rows whose places in their
// elements are kept.
constexpr Index panel_vectors = 4;
constexpr Index panel = panel_vectors * lanes;
constexpr Index block_columns = 64;
constexpr Index most_rows = 512;

using Block = std::array<Vector, static_cast<std::size_t>(block_columns* panel_vectors)>;
using Places = std::array<Index, static_cast<std::size_t>(most_rows)>;

[[gnu::always_inline]] inline Vector load(const float* from) {
  Vector v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
[[gnu::always_inline]] inline void store(const Vector& v, float* to) {
  std::memcpy(to, &v, sizeof v);
}

// Transposes outputs [first, first + count) of columns [begin, end); outputs beyond count are 0.
void load_block(ConstMatrix weight, Index first, Index count, Index begin, Index end,
                Block& block) {
  float* const to = reinterpret_cast<float*>(block.data());
  for (Index o = 0; o < count; ++o) {
    const float* const from = weight.data + (first + o) * weight.stride;
    for (Index c = begin; c < end; ++c) to[(c - begin) * panel + o] = from[c];
  }
  for (Index o = count; o < panel; ++o) {
    for (Index c = begin; c < end; ++c) to[(c - begin) * panel + o] = 0;
  }
}

void store_block(const Block& block, bool add, Index first, Index count, Index begin, Index end,
                 Matrix dw) {
  const float* const from = reinterpret_cast<const float*>(block.data());
  for (Index o = 0; o < count; ++o) {
    float* const to = dw.data + (first + o) * dw.stride;
    if (add) {
      for (Index c = begin; c < end; ++c) to[c] += from[(c - begin) * panel + o];
    } else {
      for (Index c = begin; c < end; ++c) to[c] = from[(c - begin) * panel + o];
    }
  }
}

// The outputs of a row: whole vectors from memory, or what there is of them through a copy.
struct RowSums {
  std::array<Vector, static_cast<std::size_t>(panel_vectors)> sums;

  [[gnu::always_inline]] void load_from(const float* from, Index count) {
    if (count == panel) {
#pragma GCC unroll 4
      for (std::size_t i = 0; i < panel_vectors; ++i)
        sums[i] = load(from + static_cast<Index>(i) * lanes);
    } else {
      alignas(64) float copy[panel] = {};
      std::copy_n(from, count, copy);
      for (std::size_t i = 0; i < panel_vectors; ++i)
        sums[i] = load(copy + static_cast<Index>(i) * lanes);
    }
  }
  [[gnu::always_inline]] void store_to(float* to, Index count) const {
    if (count == panel) {
#pragma GCC unroll 4
      for (std::size_t i = 0; i < panel_vectors; ++i)
        store(sums[i], to + static_cast<Index>(i) * lanes);
    } else {
      alignas(64) float copy[panel];
      for (std::size_t i = 0; i < panel_vectors; ++i)
        store(sums[i], copy + static_cast<Index>(i) * lanes);
      std::copy_n(copy, count, to);
    }
  }
};

// The elements of some rows of x.
struct Rows {
  const SparseRows& x;
  Range rows;

  void start(Places& places) const {
    for (Index r = rows.begin; r < rows.end; ++r)
      places[static_cast<std::size_t>(r - rows.begin)] = x.starts[static_cast<std::size_t>(r)];
  }
  // Calls visit(row, elements) for the rows that have elements before column `end`.
  template <class Visit>
  [[gnu::always_inline]] void before(Index end, Places& places, Visit visit) const {
    for (Index r = rows.begin; r < rows.end; ++r) {
      const auto place = static_cast<std::size_t>(r - rows.begin);
      const Index from = places[place];
      const Index last = x.starts[static_cast<std::size_t>(r) + 1];
      Index to = from;
      while (to < last && x.columns[static_cast<std::size_t>(to)] < end) ++to;
      if (to == from) continue;
      places[place] = to;
      visit(r, Range{from, to});
    }
  }
};

void multiply_rows(const Rows& rows, ConstMatrix weight, Index first, Index count, Matrix y) {
  Block block;
  Places places;
  rows.start(places);
  const std::int32_t* const columns = rows.x.columns.data();
  const float* const values = rows.x.values.data();
  for (Index begin = 0; begin < weight.columns; begin += block_columns) {
    const Index end = std::min(begin + block_columns, weight.columns);
    load_block(weight, first, count, begin, end, block);
    rows.before(end, places, [&](Index r, Range elements) {
      RowSums row;
      float* const to = y.data + r * y.stride + first;
      row.load_from(to, count);
      for (Index e = elements.begin; e < elements.end; ++e) {
        const Vector* const w = block.data() + (columns[e] - begin) * panel_vectors;
        const float value = values[e];
#pragma GCC unroll 4
        for (std::size_t i = 0; i < panel_vectors; ++i) row.sums[i] += value * w[i];
      }
      row.store_to(to, count);
    });
  }
}

void multiply_columns(const Rows& rows, ConstMatrix dy, Index first, Index count, bool add,
                      Matrix dw) {
  Block block;
  Places places;
  rows.start(places);
  const std::int32_t* const columns = rows.x.columns.data();
  const float* const values = rows.x.values.data();
  for (Index begin = 0; begin < dw.columns; begin += block_columns) {
    const Index end = std::min(begin + block_columns, dw.columns);
    std::memset(block.data(), 0, sizeof block);
    rows.before(end, places, [&](Index r, Range elements) {
      RowSums row;
      row.load_from(dy.data + r * dy.stride + first, count);
      for (Index e = elements.begin; e < elements.end; ++e) {
        Vector* const w = block.data() + (columns[e] - begin) * panel_vectors;
        const float value = values[e];
#pragma GCC unroll 4
        for (std::size_t i = 0; i < panel_vectors; ++i) w[i] += value * row.sums[i];
      }
    });
    store_block(block, add, first, count, begin, end, dw);
  }
}

}  // namespace

void multiply_sparse(const SparseRows& x, ConstMatrix weight, Matrix y) {
  require(x.rows() == y.rows && x.width == weight.columns && weight.rows == y.columns,
          "the shapes of a sparse product disagree");
  for (Index r = 0; r < y.rows; ++r) std::fill_n(y.data + r * y.stride, y.columns, 0.0F);
  for (Index begin = 0; begin < y.rows; begin += most_rows) {
    const Rows rows{x, {begin, std::min(begin + most_rows, y.rows)}};
    for (Index first = 0; first < weight.rows; first += panel)
      multiply_rows(rows, weight, first, std::min(panel, weight.rows - first), y);
  }
}

void multiply_transposed_sparse(ConstMatrix dy, const SparseRows& x, bool add, Matrix dw) {
  require(x.rows() == dy.rows && x.width == dw.columns && dw.rows == dy.columns,
          "the shapes of a sparse product disagree");
  if (dy.rows == 0 && !add) {
    for (Index o = 0; o < dw.rows; ++o) std::fill_n(dw.data + o * dw.stride, dw.columns, 0.0F);
  }
  for (Index begin = 0; begin < dy.rows; begin += most_rows) {
    const Rows rows{x, {begin, std::min(begin + most_rows, dy.rows)}};
    for (Index first = 0; first < dw.rows; first += panel) {
      multiply_columns(rows, dy, first, std::min(panel, dw.rows - first), add || begin > 0, dw);
    }
  }
}

}  // namespace hourglass
