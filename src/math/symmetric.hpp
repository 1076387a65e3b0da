#pragma once

#include <span>

#include "core/bfloat16.hpp"
#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

/// C (n x n) = factor A A^T + beta C, in single precision: half of the work of gemm(). With
/// `transpose`, A^T A. Both triangles are written, with the same bits; of C only the upper one is
/// read. On the calling thread alone; identical shapes give identical bits.
void symmetric_product(bool transpose, float factor, ConstMatrix a, float beta, Matrix c);

/// The same without the lower triangle, which keeps what it holds.
void upper_symmetric_product(bool transpose, float factor, ConstMatrix a, float beta, Matrix c);

/// Copies the upper triangle of a square matrix to the lower one.
void mirror_upper_triangle(Matrix c);
void mirror_upper_triangle(MatrixView<Bfloat16> c);

/// Floats of scratch memory for the functions below.
[[nodiscard]] Index symmetric_eigen_scratch_floats(Index n);
[[nodiscard]] Index orthonormalize_scratch_floats(Index n);

/// Replaces a symmetric matrix (n x n without gaps) by its eigenvectors, one per row and of length
/// 1, and writes its eigenvalues, smallest first, by LAPACK's ssyevd. Returns false when LAPACK
/// fails; `a` is then of no use.
[[nodiscard]] bool symmetric_eigen(Matrix a, std::span<float> values, std::span<float> scratch);

/// Replaces a symmetric positive definite matrix (n x n without gaps, of which only the upper
/// triangle is read) by its inverse, by Cholesky decomposition (LAPACK's spotrf and spotri).
/// Returns false when it is not positive definite; `a` is then of no use.
[[nodiscard]] bool symmetric_inverse(Matrix a);

/// Replaces the rows of a square matrix (without gaps) by an orthonormal basis, Householder's QR
/// decomposition of its transpose. Returns false when LAPACK fails.
[[nodiscard]] bool orthonormalize(Matrix a, std::span<float> scratch);

}  // namespace hourglass
