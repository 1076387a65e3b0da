#pragma once

#include <span>

#include "core/bfloat16.hpp"
#include "core/scratch_arena.hpp"
#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

/// C = op(A) op(B) with the factors rounded to bfloat16 and the products added in single precision
/// (math/onednn.hpp). `scratch` has rounded_product_scratch_floats() of the factors' sizes.
void rounded_product(bool transpose_a, bool transpose_b, ConstMatrix a, ConstMatrix b, Matrix c,
                     std::span<float> scratch);
/// A matrix rounded into memory of the arena.
[[nodiscard]] MatrixView<Bfloat16> allocate_rounded(Index rows, Index columns, ScratchArena& arena);
void round_to(ConstMatrix from, MatrixView<Bfloat16> to);
/// C = op(A) op(A), a symmetric matrix: A A^T, A^T A or the square of a symmetric A. In strips of
/// rows, of which only the part from the diagonal on is computed: 5 / 8 of the work.
void rounded_symmetric_product(bool transpose_left, bool transpose_right,
                               MatrixView<const Bfloat16> a, Matrix c);
/// Of the numbers of elements of both factors.
[[nodiscard]] Index rounded_product_scratch_floats(Index a_size, Index b_size);

/// C = A B, rounded or in single precision.
void product(bool bfloat16, ConstMatrix a, ConstMatrix b, Matrix c, std::span<float> scratch);

}  // namespace hourglass
