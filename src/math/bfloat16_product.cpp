#include "math/bfloat16_product.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "core/scratch_arena.hpp"
#include "hourglass/core/error.hpp"

#ifdef __x86_64__
#include <immintrin.h>
#endif

namespace hourglass {

namespace {

// The right factor is packed into panels of this many columns, in each the pairs of its rows 2k and
// 2k + 1 one after the other: what a dot product of pairs takes. Zeros follow the last row and
// column.
constexpr Index panel = 32;
// With two registers of a panel, 28 sums, one pair of the left factor and two of the right: all
// registers but one.
constexpr Index tile_rows = 14;
// Panels that stay in the cache (of 1 MiB) while all rows of the left factor pass, up to 1000 deep.
constexpr Index block_columns = 8 * panel;

Index pairs_of(Index inner) { return (inner + 1) / 2; }

// Number of pairs.
Index packed_size(Index inner, Index columns) { return pairs_of(inner) * round_up(columns, panel); }

#ifdef __x86_64__

bool use_tiles() {
  static const bool use =
      has_onednn() && onednn_description().ends_with("AVX512-BF16");  // not where AMX is
  return use;
}

std::uint32_t pair(Bfloat16 even, Bfloat16 odd) {
  return even | static_cast<std::uint32_t>(odd) << 16;
}

void pack_columns(ConstBfloat16Matrix b, std::uint32_t* to) {
  const std::array<Bfloat16, panel> zeros{};
  // A few rows at a time, which the processor reads ahead.
  constexpr Index depth = 16;
  for (Index first = 0; first < b.rows; first += depth) {
    for (Index j = 0; j < b.columns; j += panel) {
      const Index width = std::min(panel, b.columns - j);
      std::uint32_t* place = to + j * pairs_of(b.rows) + first / 2 * panel;
      for (Index k = first; k < std::min(first + depth, b.rows); k += 2, place += panel) {
        const Bfloat16* const even = &b(k, j);
        const Bfloat16* const odd = k + 1 < b.rows ? &b(k + 1, j) : zeros.data();
        if (width == panel) {  // a loop of known length
          for (Index c = 0; c < panel; ++c) place[c] = pair(even[c], odd[c]);
        } else {
          for (Index c = 0; c < width; ++c) place[c] = pair(even[c], odd[c]);
          std::fill(place + width, place + panel, 0U);
        }
      }
    }
  }
}

constexpr Index square = 16;

// Transposes 16 x 16 pairs: rows of the matrix (2 x `stride` bytes apart) become those of a panel.
__attribute__((target("avx512f"))) void transpose_pairs(const Bfloat16* from, Index stride,
                                                        std::uint32_t* to) {
  // Without masks, GCC 12 warns of the undefined register in its own header.
  constexpr __mmask16 whole = 0xffff;
  __m512i a[square];  // NOLINT(modernize-avoid-c-arrays): registers are no type of a template
  __m512i b[square];  // NOLINT(modernize-avoid-c-arrays)
  for (std::size_t i = 0; i < square; ++i)
    a[i] = _mm512_loadu_si512(from + static_cast<Index>(i) * stride);
  for (std::size_t i = 0; i < square; i += 2) {
    b[i] = _mm512_maskz_unpacklo_epi32(whole, a[i], a[i + 1]);
    b[i + 1] = _mm512_maskz_unpackhi_epi32(whole, a[i], a[i + 1]);
  }
  for (std::size_t i = 0; i < square; i += 4) {
    a[i] = _mm512_maskz_unpacklo_epi64(0xff, b[i], b[i + 2]);
    a[i + 1] = _mm512_maskz_unpackhi_epi64(0xff, b[i], b[i + 2]);
    a[i + 2] = _mm512_maskz_unpacklo_epi64(0xff, b[i + 1], b[i + 3]);
    a[i + 3] = _mm512_maskz_unpackhi_epi64(0xff, b[i + 1], b[i + 3]);
  }
  // a[4 q + i] has column 4 l + i of rows 4 q to 4 q + 3 in its quarter l.
  for (std::size_t i = 0; i < 4; ++i) {
    b[i] = _mm512_maskz_shuffle_i32x4(whole, a[i], a[i + 4], 0x88);
    b[i + 4] = _mm512_maskz_shuffle_i32x4(whole, a[i], a[i + 4], 0xdd);
    b[i + 8] = _mm512_maskz_shuffle_i32x4(whole, a[i + 8], a[i + 12], 0x88);
    b[i + 12] = _mm512_maskz_shuffle_i32x4(whole, a[i + 8], a[i + 12], 0xdd);
  }
  for (std::size_t i = 0; i < 4; ++i) {
    a[i] = _mm512_maskz_shuffle_i32x4(whole, b[i], b[i + 8], 0x88);
    a[i + 4] = _mm512_maskz_shuffle_i32x4(whole, b[i + 4], b[i + 12], 0x88);
    a[i + 8] = _mm512_maskz_shuffle_i32x4(whole, b[i], b[i + 8], 0xdd);
    a[i + 12] = _mm512_maskz_shuffle_i32x4(whole, b[i + 4], b[i + 12], 0xdd);
  }
  for (std::size_t i = 0; i < square; ++i)
    _mm512_storeu_si512(to + static_cast<Index>(i) * panel, a[i]);
}

// At the edges of a matrix.
void transpose_some_pairs(ConstBfloat16Matrix b, Index row, Index k, std::uint32_t* to) {
  for (Index p = k; p < std::min(k + 2 * square, b.columns); p += 2, to += panel) {
    for (Index r = 0; r < square; ++r) {
      const Bfloat16* const from = row + r < b.rows ? &b(row + r, p) : nullptr;
      to[r] = from == nullptr ? 0U : pair(from[0], p + 1 < b.columns ? from[1] : Bfloat16{0});
    }
  }
}

void pack_rows(ConstBfloat16Matrix b, std::uint32_t* to) {
  const Index pairs = pairs_of(b.columns);
  for (Index j = 0; j < b.rows; j += panel, to += pairs * panel) {
    for (Index half = 0; half < panel; half += square) {
      for (Index k = 0; k < b.columns; k += 2 * square) {
        std::uint32_t* const place = to + k / 2 * panel + half;
        if (j + half + square <= b.rows && k + 2 * square <= b.columns) {
          transpose_pairs(&b(j + half, k), b.stride, place);
        } else {
          transpose_some_pairs(b, j + half, k, place);
        }
      }
    }
  }
}

// A panel of the product: `Rows` rows of A by a packed panel of B.
template <int Rows>
__attribute__((target("avx512f,avx512bf16"))) void multiply_tile(ConstBfloat16Matrix a,
                                                                 const std::uint32_t* b, float beta,
                                                                 Matrix c) {
  __m512 low[Rows];   // NOLINT(modernize-avoid-c-arrays): std::array is not kept in registers
  __m512 high[Rows];  // NOLINT(modernize-avoid-c-arrays)
#pragma GCC unroll 14
  for (int r = 0; r < Rows; ++r) low[r] = high[r] = _mm512_setzero_ps();
  const Index pairs = a.columns / 2;
  for (Index p = 0; p < pairs; ++p, b += panel) {
    const auto left_of_b = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b));
    const auto right_of_b = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + panel / 2));
#pragma GCC unroll 14
    for (int r = 0; r < Rows; ++r) {
      int both = 0;
      std::memcpy(&both, a.data + r * a.stride + 2 * p, sizeof both);
      const auto of_a = reinterpret_cast<__m512bh>(_mm512_set1_epi32(both));
      low[r] = _mm512_dpbf16_ps(low[r], of_a, left_of_b);
      high[r] = _mm512_dpbf16_ps(high[r], of_a, right_of_b);
    }
  }
  if (a.columns % 2 != 0) {
    const auto left_of_b = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b));
    const auto right_of_b = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + panel / 2));
#pragma GCC unroll 14
    for (int r = 0; r < Rows; ++r) {
      const auto of_a = reinterpret_cast<__m512bh>(_mm512_set1_epi32(a(r, a.columns - 1)));
      low[r] = _mm512_dpbf16_ps(low[r], of_a, left_of_b);
      high[r] = _mm512_dpbf16_ps(high[r], of_a, right_of_b);
    }
  }
  const auto columns = static_cast<unsigned>((std::uint64_t{1} << c.columns) - 1);
  const auto low_mask = static_cast<__mmask16>(columns);
  const auto high_mask = static_cast<__mmask16>(columns >> 16);
  const __m512 factor = _mm512_set1_ps(beta);
#pragma GCC unroll 14
  for (int r = 0; r < Rows; ++r) {
    float* const to = c.data + r * c.stride;
    if (beta != 0) {
      low[r] = _mm512_fmadd_ps(factor, _mm512_maskz_loadu_ps(low_mask, to), low[r]);
      high[r] = _mm512_fmadd_ps(factor, _mm512_maskz_loadu_ps(high_mask, to + 16), high[r]);
    }
    _mm512_mask_storeu_ps(to, low_mask, low[r]);
    _mm512_mask_storeu_ps(to + 16, high_mask, high[r]);
  }
}

using MultiplyTile = void (*)(ConstBfloat16Matrix a, const std::uint32_t* b, float beta, Matrix c);

// By the number of rows less 1: the last rows of a matrix may be fewer.
template <int... Rows>
constexpr std::array<MultiplyTile, sizeof...(Rows)> tiles(
    std::integer_sequence<int, Rows...> /*rows*/) {
  return {&multiply_tile<Rows + 1>...};
}

void multiply_tiles(bool upper, bool transpose, ConstBfloat16Matrix a, ConstBfloat16Matrix b,
                    float beta, Matrix c, std::span<float> scratch) {
  static constexpr auto multiply = tiles(std::make_integer_sequence<int, tile_rows>());
  ScratchArena arena(scratch);
  const Index size = packed_size(a.columns, c.columns);
  void* const memory = arena.allocate(1, size).data;
  auto* const packed = static_cast<std::uint32_t*>(memory);
  std::uninitialized_default_construct_n(packed, size);
  transpose ? pack_rows(b, packed) : pack_columns(b, packed);
  for (Index block = 0; block < c.columns; block += block_columns) {
    const Index end = std::min(block + block_columns, c.columns);
    for (Index i = 0; i < c.rows; i += tile_rows) {
      const Index rows = std::min(tile_rows, c.rows - i);
      const Index first = upper ? std::max(block, i / panel * panel) : block;
      for (Index j = first; j < end; j += panel) {
        multiply[static_cast<std::size_t>(rows - 1)](
            {&a(i, 0), rows, a.columns, a.stride}, packed + j * pairs_of(a.columns), beta,
            {&c(i, j), rows, std::min(panel, c.columns - j), c.stride});
      }
    }
  }
}

#else

bool use_tiles() { return false; }
void multiply_tiles(bool, bool, ConstBfloat16Matrix, ConstBfloat16Matrix, float, Matrix,
                    std::span<float>) {}

#endif

// oneDNN has no symmetric product: strips of rows, each from the diagonal on, are 5/8 of the work.
constexpr Index strips = 4;
constexpr Index least_divided_rows = 256;

}  // namespace

Index bfloat16_product_scratch_floats(Index inner, Index columns) {
  return ScratchArena::floats_of_array<std::uint32_t>(packed_size(inner, columns));
}

void bfloat16_product(bool transpose, ConstBfloat16Matrix a, ConstBfloat16Matrix b, float beta,
                      Matrix c, std::span<float> scratch) {
  const Index inner = transpose ? b.columns : b.rows;
  require(a.rows == c.rows && a.columns == inner && (transpose ? b.rows : b.columns) == c.columns,
          "the shapes of a matrix product disagree");
  if (use_tiles() && inner > 0) {
    multiply_tiles(false, transpose, a, b, beta, c, scratch);
  } else {
    gemm_bfloat16(false, transpose, a, b, beta, c);
  }
}

void upper_bfloat16_product(bool transpose, ConstBfloat16Matrix a, ConstBfloat16Matrix b,
                            float beta, Matrix c, std::span<float> scratch) {
  require(c.rows == c.columns, "a symmetric product is square");
  if (use_tiles() && a.columns > 0) {
    multiply_tiles(true, transpose, a, b, beta, c, scratch);
    return;
  }
  const Index count = c.rows < least_divided_rows ? 1 : strips;
  for (Index i = 0; i < count; ++i) {
    const Range rows = even_part(c.rows, count, i);
    const Range columns{rows.begin, c.rows};
    const ConstBfloat16Matrix left(a.data + rows.begin * a.stride, rows.size(), a.columns,
                                   a.stride);
    const ConstBfloat16Matrix right =
        transpose ? ConstBfloat16Matrix(b.data + columns.begin * b.stride, columns.size(),
                                        b.columns, b.stride)
                  : ConstBfloat16Matrix(b.data + columns.begin, b.rows, columns.size(), b.stride);
    gemm_bfloat16(false, transpose, left, right, beta,
                  {&c(rows.begin, columns.begin), rows.size(), columns.size(), c.stride});
  }
}

}  // namespace hourglass
