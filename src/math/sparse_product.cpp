#include "math/sparse_product.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <span>
#include <type_traits>

#include "hourglass/core/error.hpp"

#ifdef __SSE__
#include <xmmintrin.h>
#endif

namespace hourglass {

namespace {

// 16 floats: one register of AVX-512, two of AVX2. Operations are element-wise.
constexpr Index lanes = 16;
using Vector [[gnu::vector_size(lanes * sizeof(float))]] = float;

// Columns of a block; rows whose places in their elements are kept.
constexpr Index block_columns = 256;
constexpr Index most_rows = 512;
// Outputs that are summed at a time, in registers: so many vectors, or fewer where there are fewer.
constexpr Index most_vectors = 8;

using Tile = std::array<Vector, static_cast<std::size_t>(lanes)>;
using Block = std::array<Vector, static_cast<std::size_t>(block_columns* most_vectors)>;

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
  Vector sum = c;
  for (Index i = 0; i < lanes; ++i) sum[i] = std::fma(a, b[i], c[i]);
  return sum;
}

// A weight gradient of so many numbers (4 MiB) is written past the cache: it would not stay there
// until the update, but push out weights and samples; nor are its lines read before.
constexpr Index least_streamed = Index{1} << 20;

void stream(const float* from, Index count, float* to) {
  Index i = 0;
#ifdef __SSE__
  constexpr std::uintptr_t line = 64;
  const std::uintptr_t past = reinterpret_cast<std::uintptr_t>(to) % line;
  // Only whole lines: parts of them would be written to memory one by one.
  i = std::min(static_cast<Index>((line - past) % line / sizeof(float)), count);
  std::copy_n(from, i, to);
  for (; i + lanes <= count; i += lanes) {
    for (Index k = i; k < i + lanes; k += 4) _mm_stream_ps(to + k, _mm_loadu_ps(from + k));
  }
#endif
  std::copy_n(from + i, count - i, to + i);
}
// Other threads see what was streamed only after this.
void finish_stream() {
#ifdef __SSE__
  _mm_sfence();
#endif
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

// Outputs [first, first + count) and columns [begin, end) of a weight, as rows of so many vectors
// of outputs. Outputs beyond `count` mean nothing.
template <Index vectors>
struct Part {
  static constexpr Index panel = vectors * lanes;
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

  void load_from(ConstMatrix weight, Block& block) const {
    for (Index o = 0; o < tiled_outputs(); o += lanes) {
      for (Index c = begin; c < tiled_columns(); c += lanes) {
        const float* const from = weight.data + (first + o) * weight.stride + c;
        Tile tile;
        // Rows of the weight lie too far apart for the processor to see where reading goes on.
        const Index ahead = c + block_columns < weight.columns ? block_columns : 0;
        for (std::size_t i = 0; i < lanes; ++i) {
          const float* const row = from + static_cast<Index>(i) * weight.stride;
          tile[i] = load(row);
          __builtin_prefetch(row + ahead);
        }
        transpose(tile);
        Vector* const to = block.data() + (c - begin) * vectors + o / lanes;
        for (std::size_t i = 0; i < lanes; ++i) to[static_cast<Index>(i) * vectors] = tile[i];
      }
    }
    float* const to = reinterpret_cast<float*>(block.data());
    for_rest([&](Index o, Index c) {
      to[(c - begin) * panel + o] = weight.data[(first + o) * weight.stride + c];
    });
  }

  void store_to(const Block& block, bool add, Matrix dw) const {
    alignas(64) std::array<std::array<float, static_cast<std::size_t>(block_columns)>, lanes> strip;
    for (Index o = 0; o < tiled_outputs(); o += lanes) {
      for (Index c = begin; c < tiled_columns(); c += lanes) {
        const Vector* const from = block.data() + (c - begin) * vectors + o / lanes;
        Tile tile;
        for (std::size_t i = 0; i < lanes; ++i) tile[i] = from[static_cast<Index>(i) * vectors];
        transpose(tile);
        for (std::size_t i = 0; i < lanes; ++i) store(tile[i], strip[i].data() + (c - begin));
      }
      for (std::size_t i = 0; i < lanes; ++i) {
        float* const to = dw.data + (first + o + static_cast<Index>(i)) * dw.stride + begin;
        const Index columns = tiled_columns() - begin;
        if (add) {
          for (Index c = 0; c < columns; ++c) to[c] += strip[i][static_cast<std::size_t>(c)];
        } else if (dw.rows * dw.columns >= least_streamed) {
          stream(strip[i].data(), columns, to);
        } else {
          std::copy_n(strip[i].data(), columns, to);
        }
      }
    }
    const float* const from = reinterpret_cast<const float*>(block.data());
    for_rest([&](Index o, Index c) {
      float& to = dw.data[(first + o) * dw.stride + c];
      const float sum = from[(c - begin) * panel + o];
      to = add ? sum + to : sum;
    });
  }
};

// The next element of each row of x, block after block.
class Elements {
 public:
  Elements(const SparseRows& x, Range rows) : x_(x), rows_(rows) {
    for (Index r = rows.begin; r < rows.end; ++r) place(r) = start(r);
  }
  [[nodiscard]] Range rows() const { return rows_; }
  // Whether the row has elements before column `end`.
  [[nodiscard]] bool any(Index row, Index end) { return before(place(row), row, end); }
  // Calls visit(column, value) for these.
  template <class Visit>
  [[gnu::always_inline]] void take(Index row, Index end, Visit visit) {
    Index e = place(row);
    do {
      visit(static_cast<Index>(x_.columns[static_cast<std::size_t>(e)]),
            x_.values[static_cast<std::size_t>(e)]);
      ++e;
    } while (before(e, row, end));
    place(row) = e;
  }

 private:
  [[nodiscard]] Index start(Index row) const { return x_.starts[static_cast<std::size_t>(row)]; }
  [[nodiscard]] Index& place(Index row) {
    return places_[static_cast<std::size_t>(row - rows_.begin)];
  }
  [[nodiscard]] bool before(Index element, Index row, Index end) const {
    return element < start(row + 1) && x_.columns[static_cast<std::size_t>(element)] < end;
  }

  const SparseRows& x_;
  Range rows_;
  std::array<Index, static_cast<std::size_t>(most_rows)> places_;
};

template <Index vectors>
void multiply_rows(Elements elements, ConstMatrix weight, Index first, Index count, Matrix y) {
  constexpr Index panel = vectors * lanes;
  Block block{};
  for (Index begin = 0; begin < weight.columns; begin += block_columns) {
    const Index end = std::min(begin + block_columns, weight.columns);
    Part<vectors>{first, count, begin, end}.load_from(weight, block);
    for (Index r = elements.rows().begin; r < elements.rows().end; ++r) {
      if (!elements.any(r, end)) continue;
      float* const to = y.data + r * y.stride + first;
      alignas(64) float copy[panel] = {};
      if (count < panel) std::copy_n(to, count, copy);
      const float* const from = count < panel ? copy : to;
      std::array<Vector, static_cast<std::size_t>(vectors)> sums;
#pragma GCC unroll 8
      for (Index i = 0; i < vectors; ++i)
        sums[static_cast<std::size_t>(i)] = load(from + i * lanes);
      elements.take(r, end, [&](Index column, float value) {
        const Vector* const w = block.data() + (column - begin) * vectors;
#pragma GCC unroll 8
        for (std::size_t i = 0; i < vectors; ++i) sums[i] = multiply_add(value, w[i], sums[i]);
      });
      float* const back = count < panel ? copy : to;
#pragma GCC unroll 8
      for (Index i = 0; i < vectors; ++i)
        store(sums[static_cast<std::size_t>(i)], back + i * lanes);
      if (count < panel) std::copy_n(copy, count, to);
    }
  }
}

// The elements of some rows in a block of columns, column after column; those of a column in the
// order of the rows.
class SortedElements {
 public:
  struct Element {
    std::int32_t row;  // from the first of `elements`
    float value;
  };

  // Takes rows from `row` on while they fit. Returns the row after them.
  Index take(Elements& elements, Index row, Index begin, Index end) {
    ends_.fill(0);
    Index count = 0;
    for (; row < elements.rows().end && count + end - begin <= capacity; ++row) {
      if (!elements.any(row, end)) continue;
      const auto r = static_cast<std::int32_t>(row - elements.rows().begin);
      elements.take(row, end, [&](Index column, float value) {
        const auto c = static_cast<std::size_t>(column - begin);
        taken_[static_cast<std::size_t>(count)] = {r, value};
        columns_[static_cast<std::size_t>(count)] = static_cast<std::uint16_t>(c);
        ++ends_[c];
        ++count;
      });
    }
    std::exclusive_scan(ends_.begin(), ends_.end(), ends_.begin(), 0);
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
      sorted_[static_cast<std::size_t>(ends_[columns_[i]]++)] = taken_[i];
    return row;
  }
  // Those of the column-th column of the block.
  [[nodiscard]] std::span<const Element> of(std::size_t column) const {
    const Element* const all = sorted_.data();
    return {all + (column == 0 ? 0 : ends_[column - 1]), all + ends_[column]};
  }

 private:
  static constexpr Index capacity = 4096;

  // Where the elements of a column end in `sorted_`.
  std::array<std::int32_t, static_cast<std::size_t>(block_columns)> ends_;
  std::array<std::uint16_t, static_cast<std::size_t>(capacity)> columns_;
  std::array<Element, static_cast<std::size_t>(capacity)> taken_;
  std::array<Element, static_cast<std::size_t>(capacity)> sorted_;
};

template <Index vectors>
void multiply_columns(Elements elements, ConstMatrix dy, Index first, Index count, bool add,
                      Matrix dw) {
  constexpr Index panel = vectors * lanes;
  const Range rows = elements.rows();
  // Whole vectors for each row.
  alignas(64) std::array<float, static_cast<std::size_t>(most_rows * panel)> packed;
  for (Index r = 0; r < rows.size(); ++r) {
    float* const to = packed.data() + r * panel;
    std::fill_n(std::copy_n(dy.data + (rows.begin + r) * dy.stride + first, count, to),
                panel - count, 0.0F);
  }
  SortedElements sorted;
  Block block;
  for (Index begin = 0; begin < dw.columns; begin += block_columns) {
    const Index end = std::min(begin + block_columns, dw.columns);
    for (Index row = rows.begin; row < rows.end;) {
      const bool fresh = row == rows.begin;
      row = sorted.take(elements, row, begin, end);
      for (Index c = 0; c < end - begin; ++c) {
        Vector* const to = block.data() + c * vectors;
        std::array<Vector, static_cast<std::size_t>(vectors)> sums{};
        if (!fresh) {
#pragma GCC unroll 8
          for (std::size_t i = 0; i < vectors; ++i) sums[i] = to[i];
        }
        for (const auto& element : sorted.of(static_cast<std::size_t>(c))) {
          const float* const from = packed.data() + element.row * panel;
#pragma GCC unroll 8
          for (std::size_t i = 0; i < vectors; ++i)
            sums[i] =
                multiply_add(element.value, load(from + static_cast<Index>(i) * lanes), sums[i]);
        }
#pragma GCC unroll 8
        for (std::size_t i = 0; i < vectors; ++i) to[i] = sums[i];
      }
    }
    Part<vectors>{first, count, begin, end}.store_to(block, add, dw);
  }
}

// Calls work(vectors, first, count) for panels of outputs: the widest that are full, then
// the narrowest that holds the rest.
template <class Work>
void for_panels(Index outputs, const Work& work) {
  for (Index first = 0; first < outputs;) {
    const Index count = std::min(outputs - first, most_vectors * lanes);
    if (count > 4 * lanes) {
      work(std::integral_constant<Index, 8>(), first, count);
    } else if (count > 2 * lanes) {
      work(std::integral_constant<Index, 4>(), first, count);
    } else {
      work(std::integral_constant<Index, 2>(), first, count);
    }
    first += count;
  }
}

}  // namespace

void multiply_sparse(const SparseRows& x, ConstMatrix weight, Matrix y) {
  require(x.rows() == y.rows && x.width == weight.columns && weight.rows == y.columns,
          "the shapes of a sparse product disagree");
  for (Index r = 0; r < y.rows; ++r) std::fill_n(y.data + r * y.stride, y.columns, 0.0F);
  for (Index begin = 0; begin < y.rows; begin += most_rows) {
    const Elements elements(x, {begin, std::min(begin + most_rows, y.rows)});
    for_panels(weight.rows, [&](auto vectors, Index first, Index count) {
      multiply_rows<vectors.value>(elements, weight, first, count, y);
    });
  }
}

void multiply_transposed_sparse(ConstMatrix dy, const SparseRows& x, bool add, Matrix dw) {
  require(x.rows() == dy.rows && x.width == dw.columns && dw.rows == dy.columns,
          "the shapes of a sparse product disagree");
  if (dy.rows == 0 && !add) {
    for (Index o = 0; o < dw.rows; ++o) std::fill_n(dw.data + o * dw.stride, dw.columns, 0.0F);
  }
  for (Index begin = 0; begin < dy.rows; begin += most_rows) {
    const Elements elements(x, {begin, std::min(begin + most_rows, dy.rows)});
    for_panels(dw.rows, [&](auto vectors, Index first, Index count) {
      multiply_columns<vectors.value>(elements, dy, first, count, add || begin > 0, dw);
    });
  }
  finish_stream();
}

}  // namespace hourglass
