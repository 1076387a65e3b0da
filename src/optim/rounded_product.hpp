#pragma once

#include <span>

#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

/// C = op(A) op(B) with the factors rounded to bfloat16 and the products added in single precision
/// (math/onednn.hpp). `scratch` has rounded_product_scratch_floats() of the factors' sizes.
void rounded_product(bool transpose_a, bool transpose_b, ConstMatrix a, ConstMatrix b, Matrix c,
                     std::span<float> scratch);
/// Of the numbers of elements of both factors.
[[nodiscard]] Index rounded_product_scratch_floats(Index a_size, Index b_size);

/// C = A B, rounded or in single precision.
void product(bool bfloat16, ConstMatrix a, ConstMatrix b, Matrix c, std::span<float> scratch);

}  // namespace hourglass
