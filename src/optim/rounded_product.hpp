#pragma once

#include <span>

#include "core/bfloat16.hpp"
#include "core/scratch_arena.hpp"
#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

/// C = op(A) op(B) with the factors rounded to bfloat16 and the products added in single precision
/// (math/bfloat16_product.hpp). `scratch` has rounded_product_scratch_floats() of the shapes of
/// op(A), m x k, and op(B), k x n.
void rounded_product(bool transpose_a, bool transpose_b, ConstMatrix a, ConstMatrix b, Matrix c,
                     std::span<float> scratch);
[[nodiscard]] Index rounded_product_scratch_floats(Index m, Index k, Index n);

/// A matrix of numbers to be rounded, not initialised, in memory of the arena, and its size there.
[[nodiscard]] MatrixView<Bfloat16> allocate_rounded(Index rows, Index columns, ScratchArena& arena);
[[nodiscard]] Index rounded_floats(Index rows, Index columns);
void round_to(ConstMatrix from, MatrixView<Bfloat16> to);
/// The same for a symmetric matrix of which only the upper triangle is read; both are written.
void round_upper_to(ConstMatrix from, MatrixView<Bfloat16> to);

/// C = A B, rounded or in single precision.
void product(bool bfloat16, ConstMatrix a, ConstMatrix b, Matrix c, std::span<float> scratch);

}  // namespace hourglass
