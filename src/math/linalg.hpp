#pragma once

#include <span>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// c += x^T x in double, x being rows x n and c n x n, both row-major; only the upper triangle of c
/// is touched. On the calling thread alone.
void add_gram(Index rows, Index n, std::span<const double> x, std::span<double> c);

/// c += x x^T, c being rows x rows.
void add_row_gram(Index rows, Index n, std::span<const double> x, std::span<double> c);

/// C (m x n) = op(A) op(B) + beta C in double, row-major without gaps, on the calling thread alone.
/// op(A) is m x k: with transpose_a, A is stored k x m; with transpose_b, B is stored n x k.
void multiply(bool transpose_a, bool transpose_b, Index m, Index n, Index k,
              std::span<const double> a, std::span<const double> b, double beta,
              std::span<double> c);

/// Replaces the rows of x (rows x n, rows <= n) by an orthonormal basis of the space they span, by
/// Householder reflections. Rows that depend on others are completed to one.
void orthonormalize_rows(Index rows, Index n, std::span<double> x);

/// Makes the element of largest magnitude (the first of equals) positive: the sign of an
/// eigenvector is arbitrary.
void fix_sign(std::span<double> vector);

/// The `count` largest eigenvalues of a symmetric matrix, largest first, and their eigenvectors of
/// length 1.
struct Eigenpairs {
  std::vector<double> values;
  std::vector<double> vectors;  ///< count x n, row-major: one eigenvector per row
};

/// Of the n x n matrix whose upper triangle is in `matrix` (row-major; destroyed), by LAPACK's
/// dsyevr. The sign of a vector makes its component of largest magnitude (the first of equals)
/// positive. Throws Error(data) when LAPACK fails (a matrix that is not finite).
[[nodiscard]] Eigenpairs largest_eigenpairs(Index n, std::span<double> matrix, Index count);

}  // namespace hourglass
