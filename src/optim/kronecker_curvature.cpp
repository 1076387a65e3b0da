#include "optim/kronecker_curvature.hpp"

#include <algorithm>

#include "core/scratch_arena.hpp"
#include "math/symmetric.hpp"
#include "optim/rounded_product.hpp"

namespace hourglass {

namespace {

double mean_of_diagonal(ConstMatrix a) {
  double sum = 0;
  for (Index i = 0; i < a.rows; ++i) sum += static_cast<double>(a(i, i));
  return sum / static_cast<double>(a.rows);
}

// Both triangles, in memory at `to`.
ConstMatrix completed(ConstMatrix upper, Matrix to) {
  const Matrix whole(to.data, upper.rows, upper.rows);
  for (Index r = 0; r < upper.rows; ++r) std::ranges::copy(upper.row(r), whole.row(r).begin());
  mirror_upper_triangle(whole);
  return whole;
}

}  // namespace

double KroneckerCurvature::size() const {
  return factor * mean_of_diagonal(left) * mean_of_diagonal(right);
}

void KroneckerCurvature::multiply(ConstMatrix x, Matrix image, std::span<float> scratch) const {
  ScratchArena arena(scratch);
  const Matrix half = arena.allocate(x.rows, x.columns);
  const Index side = std::max(x.rows, x.columns);
  const Matrix whole = arena.allocate(side, side);
  product(false, completed(left, whole), x, half, {});
  product(false, half, completed(right, whole), image, {});
  const auto of_image = static_cast<float>(factor);
  const auto of_x = static_cast<float>(damping * damping * size());
  for (Index r = 0; r < x.rows; ++r) {
    const std::span<float> to = image.row(r);
    const std::span<const float> from = x.row(r);
    for (std::size_t c = 0; c < to.size(); ++c) to[c] = of_image * to[c] + of_x * from[c];
  }
}

Index kronecker_curvature_scratch_floats(Index rows, Index columns) {
  const Index side = std::max(rows, columns);
  return ScratchArena::floats_of(rows, columns) + ScratchArena::floats_of(side, side);
}

double inner_product(ConstMatrix a, ConstMatrix b) {
  double sum = 0;
  for (Index r = 0; r < a.rows; ++r) {
    const std::span<const float> of_a = a.row(r);
    const std::span<const float> of_b = b.row(r);
    for (std::size_t c = 0; c < of_a.size(); ++c)
      sum += static_cast<double>(of_a[c]) * static_cast<double>(of_b[c]);
  }
  return sum;
}

}  // namespace hourglass
