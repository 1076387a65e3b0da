#pragma once

#include <span>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// c += x^T x in double, x being rows x n and c n x n, both row-major; only the upper triangle of c
/// is touched. On the calling thread alone.
void add_gram(Index rows, Index n, std::span<const double> x, std::span<double> c);

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
