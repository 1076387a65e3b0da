#include "optim/rounded_product.hpp"

#include <memory>

#include "math/bfloat16_product.hpp"
#include "math/blas.hpp"
#include "math/symmetric.hpp"
#include "math/transpose.hpp"

namespace hourglass {

namespace {

Index floats_of_half_words(Index count) { return (count + 1) / 2; }

ConstBfloat16Matrix rounded(ConstMatrix from, ScratchArena& arena) {
  const MatrixView<Bfloat16> to = allocate_rounded(from.rows, from.columns, arena);
  round_to(from, to);
  return to;
}

}  // namespace

MatrixView<Bfloat16> allocate_rounded(Index rows, Index columns, ScratchArena& arena) {
  auto* const data =
      reinterpret_cast<Bfloat16*>(arena.allocate(1, floats_of_half_words(rows * columns)).data);
  std::uninitialized_default_construct_n(data, rows * columns);
  return {data, rows, columns};
}

Index rounded_floats(Index rows, Index columns) {
  return ScratchArena::floats_of(1, floats_of_half_words(rows * columns));
}

void round_to(ConstMatrix from, MatrixView<Bfloat16> to) {
  for (Index r = 0; r < from.rows; ++r)
    convert_to_bfloat16(from.row(r).data(), to.row(r).data(), from.columns);
}

void round_upper_to(ConstMatrix from, MatrixView<Bfloat16> to) {
  for (Index r = 0; r < from.rows; ++r)
    convert_to_bfloat16(&from(r, r), &to(r, r), from.columns - r);
  mirror_upper_triangle(to);
}

void rounded_product(bool transpose_a, bool transpose_b, ConstMatrix a, ConstMatrix b, Matrix c,
                     std::span<float> scratch) {
  ScratchArena arena(scratch);
  const ConstBfloat16Matrix left = rounded(a, arena);
  const ConstBfloat16Matrix right = rounded(b, arena);
  if (!transpose_a) return bfloat16_product(transpose_b, left, right, 0, c, arena.rest());
  const MatrixView<Bfloat16> transposed = allocate_rounded(a.columns, a.rows, arena);
  transpose(left, transposed);
  bfloat16_product(transpose_b, transposed, right, 0, c, arena.rest());
}

Index rounded_product_scratch_floats(Index m, Index k, Index n) {
  return 2 * rounded_floats(m, k) + rounded_floats(k, n) + bfloat16_product_scratch_floats(k, n);
}

void product(bool bfloat16, ConstMatrix a, ConstMatrix b, Matrix c, std::span<float> scratch) {
  bfloat16 ? rounded_product(false, false, a, b, c, scratch) : gemm(false, false, a, b, 0, c);
}

}  // namespace hourglass
