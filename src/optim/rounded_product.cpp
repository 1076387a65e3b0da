#include "optim/rounded_product.hpp"

#include <algorithm>

#include "core/scratch_arena.hpp"
#include "math/blas.hpp"
#include "math/onednn.hpp"

namespace hourglass {

namespace {

ConstBfloat16Matrix rounded(ConstMatrix from, ScratchArena& arena) {
  const std::span<Bfloat16> to = arena.allocate_array<Bfloat16>(from.rows * from.columns);
  for (Index r = 0; r < from.rows; ++r)
    convert_to_bfloat16(from.row(r).data(), to.data() + r * from.columns, from.columns);
  return {to.data(), from.rows, from.columns};
}

bool same(ConstMatrix a, ConstMatrix b) { return a.data == b.data && a.rows == b.rows; }

}  // namespace

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
