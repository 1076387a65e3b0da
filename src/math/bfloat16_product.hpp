#pragma once

#include <span>

#include "core/bfloat16.hpp"
#include "hourglass/core/matrix_view.hpp"
#include "math/onednn.hpp"

namespace hourglass {

/// C = A op(B) + beta C of bfloat16 numbers, products added in single precision, on the calling
/// thread alone; op(B) is B, or B^T with `transpose`. Identical shapes give identical bits. With
/// the dot products of AVX512-BF16 on CPUs whose best instructions these are, on others by oneDNN
/// (AMX, emulation). `scratch` has bfloat16_product_scratch_floats() of the shape of op(B).
void bfloat16_product(bool transpose, ConstBfloat16Matrix a, ConstBfloat16Matrix b, float beta,
                      Matrix c, std::span<float> scratch);
/// The same for a symmetric result, of which only the upper triangle is computed; what is written
/// below it is of no use.
void upper_bfloat16_product(bool transpose, ConstBfloat16Matrix a, ConstBfloat16Matrix b,
                            float beta, Matrix c, std::span<float> scratch);
[[nodiscard]] Index bfloat16_product_scratch_floats(Index inner, Index columns);

}  // namespace hourglass
