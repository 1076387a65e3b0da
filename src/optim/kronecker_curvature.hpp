#pragma once

#include <span>

#include "hourglass/core/matrix_view.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// The Kronecker-factored curvature of a block of weights X (out x in), of whose statistics only
/// the upper triangles are read:
///   C X = k (L X R + d^2 mean(L) mean(R) X),   mean(L) = trace(L) / out, the mean eigenvalue.
struct KroneckerCurvature {
  ConstMatrix left;    ///< L, out x out
  ConstMatrix right;   ///< R, in x in
  double factor = 1;   ///< k: of running means that began at 0
  double damping = 0;  ///< d

  /// k mean(L) mean(R).
  [[nodiscard]] double size() const;
  /// image = C x. `scratch` has kronecker_curvature_scratch_floats().
  void multiply(ConstMatrix x, Matrix image, std::span<float> scratch) const;
};
[[nodiscard]] Index kronecker_curvature_scratch_floats(Index rows, Index columns);

/// The sum of the products of their elements, in double.
[[nodiscard]] double inner_product(ConstMatrix a, ConstMatrix b);

}  // namespace hourglass
