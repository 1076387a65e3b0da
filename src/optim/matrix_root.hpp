#pragma once

#include <span>

#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

/// An eigendecomposition as symmetric_eigen() of math/symmetric.hpp makes it.
using EigenSolver = bool (*)(Matrix a, std::span<float> values, std::span<float> scratch);

struct RootSettings {
  double exponent = 0.25;        ///< of the inverse root
  double damping = 1e-6;         ///< added to the eigenvalues, relative to the largest
  EigenSolver solver = nullptr;  ///< null: symmetric_eigen()
};

/// root = (A / |A|_2 + damping I)^(-exponent) of a symmetric positive semidefinite matrix A (n x n
/// without gaps), by its eigendecomposition: of 1000 x 1000 numbers it takes as long as three
/// matrix products; coupled Newton iterations (Higham 2008, ch. 7) consist of some 70. Of a matrix
/// of zeros (a trace below 1e-30) the root is the identity. When LAPACK fails, A is tried again
/// with 100 times the damping on its diagonal, at most three times; after that, or when A is not
/// finite, `root` keeps what it holds (the identity if that is all zeros). Returns the number of
/// failures.
[[nodiscard]] Index inverse_root(ConstMatrix a, const RootSettings& settings, Matrix root,
                                 std::span<float> scratch);
[[nodiscard]] Index inverse_root_scratch_floats(Index n);

/// inverse = (A / m + damping I)^-1 with m = trace(A) / n, the mean eigenvalue, by Cholesky
/// decomposition: a third of the arithmetic of an eigendecomposition. Of A the upper triangle is
/// read. The same attempts when A is
/// not positive definite in single precision, and the same results without success. `scratch` has
/// damped_inverse_scratch_floats(n).
[[nodiscard]] Index damped_inverse(ConstMatrix a, double damping, Matrix inverse,
                                   std::span<float> scratch);
[[nodiscard]] Index damped_inverse_scratch_floats(Index n);

/// The same attempts for the eigenvectors of A, one per row, largest eigenvalue first; `basis`
/// keeps what it holds, or becomes the identity, when all fail.
[[nodiscard]] Index eigenbasis(ConstMatrix a, const RootSettings& settings, Matrix basis,
                               std::span<float> scratch);

}  // namespace hourglass
