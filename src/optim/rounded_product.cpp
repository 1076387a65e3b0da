#include "optim/rounded_product.hpp"

#include <algorithm>

#include "core/scratch_arena.hpp"
#include "math/blas.hpp"
#include "math/onednn.hpp"
#include "math/symmetric.hpp"

namespace hourglass {

namespace {

constexpr Index strips = 4;
// Smaller products are not divided.
constexpr Index least_divided_rows = 256;

ConstBfloat16Matrix rounded(ConstMatrix from, ScratchArena& arena) {
  const MatrixView<Bfloat16> to = allocate_rounded(from.rows, from.columns, arena);
  round_to(from, to);
  return to;
}

// Rows (of op(A), the left factor) or columns of the factor as they lie in memory.
ConstBfloat16Matrix part(ConstBfloat16Matrix a, bool rows, Range range) {
  return rows ? ConstBfloat16Matrix(a.data + range.begin * a.stride, range.size(), a.columns,
                                    a.stride)
              : ConstBfloat16Matrix(a.data + range.begin, a.rows, range.size(), a.stride);
}

bool same(ConstMatrix a, ConstMatrix b) { return a.data == b.data && a.rows == b.rows; }

}  // namespace

MatrixView<Bfloat16> allocate_rounded(Index rows, Index columns, ScratchArena& arena) {
  return {arena.allocate_array<Bfloat16>(rows * columns).data(), rows, columns};
}

void round_to(ConstMatrix from, MatrixView<Bfloat16> to) {
  for (Index r = 0; r < from.rows; ++r)
    convert_to_bfloat16(from.row(r).data(), to.row(r).data(), from.columns);
}

void rounded_symmetric_product(bool transpose_left, bool transpose_right, ConstBfloat16Matrix a,
                               Matrix c) {
  if (c.rows < least_divided_rows) {
    gemm_bfloat16(transpose_left, transpose_right, a, a, 0, c);
    return;
  }
  for (Index i = 0; i < strips; ++i) {
    const Range rows = even_part(c.rows, strips, i);
    const Range columns{rows.begin, c.rows};
    gemm_bfloat16(transpose_left, transpose_right, part(a, !transpose_left, rows),
                  part(a, transpose_right, columns), 0,
                  {&c(rows.begin, columns.begin), rows.size(), columns.size(), c.stride});
  }
  mirror_upper_triangle(c);
}

void rounded_product(bool transpose_a, bool transpose_b, ConstMatrix a, ConstMatrix b, Matrix c,
                     std::span<float> scratch) {
  ScratchArena arena(scratch);
  const ConstBfloat16Matrix left = rounded(a, arena);
  gemm_bfloat16(transpose_a, transpose_b, left, same(a, b) ? left : rounded(b, arena), 0, c);
}

Index rounded_product_scratch_floats(Index a_size, Index b_size) {
  return ScratchArena::floats_of_array<Bfloat16>(a_size) +
         ScratchArena::floats_of_array<Bfloat16>(b_size);
}

void product(bool bfloat16, ConstMatrix a, ConstMatrix b, Matrix c, std::span<float> scratch) {
  bfloat16 ? rounded_product(false, false, a, b, c, scratch) : gemm(false, false, a, b, 0, c);
}

}  // namespace hourglass
