#include "math/sparse_product.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// 16 floats: one register of AVX-512, two of AVX2. Operations are element-wise.
constexpr Index lanes = 16;
using Vector [[gnu::vector_size(lanes * sizeof(float))]] = float;

// Outputs that are summed at a time, in registers; columns of a block; rows whose places in their
// elements are kept.
constexpr Index panel_vectors = 8;
constexpr Index panel = panel_vectors * lanes;
constexpr Index block_columns = 256;
constexpr Index most_rows = 512;

using Tile = std::array<Vector, static_cast<std::size_t>(lanes)>;
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
// a b + c, rounded once. The compiler makes one instruction of it.
[[gnu::always_inline]] inline Vector multiply_add(float a, const Vector& b, const Vector& c) {
  Vector sum;
  for (Index i = 0; i < lanes; ++i) sum[i] = std::fma(a, b[i], c[i]);
  return sum;
}

// Four times over, row i and row i + 8 are interleaved into rows 2 i and 2 i + 1: each time, the
// bits of an element's place (row, lane) rotate by one, until row and lane have changed places.
[[gnu::always_inline]] inline void transpose(Tile& tile) {
  for (int step = 0; step < 4; ++step) {
    Tile next;
    for (std::size_t i = 0; i < 8; ++i) {
      next[2 * i] = __builtin_shufflevector(tile[i], tile[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20,
                                            5, 21, 6, 22, 7, 23);
      next[2 * i + 1] = __builtin_shufflevector(tile[i], tile[i + 8], 8, 24, 9, 25, 10, 26, 11, 27,
                                                12, 28, 13, 29, 14, 30, 15, 31);
    }
    tile = next;
  }
}

// Outputs [first, first + count) and columns [begin, end) of a weight, as rows of `panel` outputs.
struct Part {
  Index first;
  Index count;
  Index begin;
  Index end;

  // The parts that are whole tiles.
  [[nodiscard]] Index tiled_outputs() const { return count / lanes * lanes; }
  [[nodiscard]] Index tiled_columns() const { return begin + (end - begin) / lanes * lanes; }
  // Calls visit(output, column) for the others; outputs count from `first`.
  template <class Visit>
  void for_rest(Visit visit) const {
    for (Index o = 0; o < count; ++o) {
      for (Index c = o < tiled_outputs() ? tiled_columns() : begin; c < end; ++c) visit(o, c);
    }
  }
};

// Outputs beyond the part's stay what they were.
void load_block(ConstMatrix weight, const Part& part, Block& block) {
  for (Index o = 0; o < part.tiled_outputs(); o += lanes) {
    for (Index c = part.begin; c < part.tiled_columns(); c += lanes) {
      const float* const from = weight.data + (part.first + o) * weight.stride + c;
      Tile tile;
      for (Index i = 0; i < lanes; ++i) {
        tile[static_cast<std::size_t>(i)] = load(from + i * weight.stride);
        __builtin_prefetch(from + i * weight.stride + block_columns);
      }
      transpose(tile);
      Vector* const to = block.data() + (c - part.begin) * panel_vectors + o / lanes;
      for (Index i = 0; i < lanes; ++i) to[i * panel_vectors] = tile[static_cast<std::size_t>(i)];
    }
  }
  float* const to = reinterpret_cast<float*>(block.data());
  part.for_rest([&](Index o, Index c) {
    to[(c - part.begin) * panel + o] = weight.data[(part.first + o) * weight.stride + c];
  });
}

void store_block(const Block& block, bool add, const Part& part, Matrix dw) {
  for (Index o = 0; o < part.tiled_outputs(); o += lanes) {
    for (Index c = part.begin; c < part.tiled_columns(); c += lanes) {
      const Vector* const from = block.data() + (c - part.begin) * panel_vectors + o / lanes;
      Tile tile;
      for (Index i = 0; i < lanes; ++i) tile[static_cast<std::size_t>(i)] = from[i * panel_vectors];
      transpose(tile);
      float* const to = dw.data + (part.first + o) * dw.stride + c;
      for (Index i = 0; i < lanes; ++i) {
        Vector& sums = tile[static_cast<std::size_t>(i)];
        if (add) sums += load(to + i * dw.stride);
        store(sums, to + i * dw.stride);
      }
    }
  }
  const float* const from = reinterpret_cast<const float*>(block.data());
  part.for_rest([&](Index o, Index c) {
    float& to = dw.data[(part.first + o) * dw.stride + c];
    const float sum = from[(c - part.begin) * panel + o];
    to = add ? sum + to : sum;
  });
}

// The outputs of a row: whole vectors from memory, or what there is of them through a copy.
struct RowSums {
  std::array<Vector, static_cast<std::size_t>(panel_vectors)> sums;

  [[gnu::always_inline]] void load_from(const float* from, Index count) {
    if (count == panel) {
#pragma GCC unroll 8
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
#pragma GCC unroll 8
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

// sums += value x of a panel. A loop that the compiler makes vectors of.
[[gnu::always_inline]] inline void add_product(float value, const float* __restrict x,
                                               float* __restrict sums) {
  for (Index i = 0; i < panel; ++i) sums[i] = std::fma(value, x[i], sums[i]);
}

// A row's outputs, in a copy where they are fewer than a panel; the copy's others stay 0.
[[gnu::always_inline]] inline const float* panel_of(const float* row, Index count, float* copy) {
  if (count == panel) return row;
  std::copy_n(row, count, copy);
  return copy;
}

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
  Block block{};
  Places places;
  rows.start(places);
  const std::int32_t* const columns = rows.x.columns.data();
  const float* const values = rows.x.values.data();
  for (Index begin = 0; begin < weight.columns; begin += block_columns) {
    const Index end = std::min(begin + block_columns, weight.columns);
    load_block(weight, {first, count, begin, end}, block);
    rows.before(end, places, [&](Index r, Range elements) {
      RowSums row;
      float* const to = y.data + r * y.stride + first;
      row.load_from(to, count);
      for (Index e = elements.begin; e < elements.end; ++e) {
        const Vector* const w = block.data() + (columns[e] - begin) * panel_vectors;
        const float value = values[e];
#pragma GCC unroll 8
        for (std::size_t i = 0; i < panel_vectors; ++i)
          row.sums[i] = multiply_add(value, w[i], row.sums[i]);
      }
      row.store_to(to, count);
    });
  }
}

void multiply_columns(const Rows& rows, ConstMatrix dy, Index first, Index count, bool add,
                      Matrix dw) {
  alignas(64) float copy[panel] = {};
  Block block;
  Places places;
  rows.start(places);
  const std::int32_t* const columns = rows.x.columns.data();
  const float* const values = rows.x.values.data();
  for (Index begin = 0; begin < dw.columns; begin += block_columns) {
    const Index end = std::min(begin + block_columns, dw.columns);
    std::memset(block.data(), 0, sizeof block);
    float* const sums = reinterpret_cast<float*>(block.data());
    rows.before(end, places, [&](Index r, Range elements) {
      const float* const from = panel_of(dy.data + r * dy.stride + first, count, copy);
      for (Index e = elements.begin; e < elements.end; ++e) {
        add_product(values[e], from, sums + (columns[e] - begin) * panel);
      }
    });
    store_block(block, add, {first, count, begin, end}, dw);
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
