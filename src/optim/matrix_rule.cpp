#include "optim/matrix_rule.hpp"

namespace hourglass {

void MatrixRule::collect(float scale, std::span<const float> gradient,
                         std::span<float* const> /*moments*/, std::span<float> collected) const {
  for (std::size_t i = 0; i < gradient.size(); ++i) collected[i] = scale * gradient[i];
}

std::vector<MatrixRule::State> MatrixRule::states(Index /*rows*/, Index /*columns*/) const {
  return {};
}

double MatrixRule::curvature(Index /*factor_count*/, double /*damping*/, ConstMatrix /*change*/,
                             std::span<const Matrix> /*state*/,
                             std::span<float> /*scratch*/) const {
  return 0;
}

void MatrixRule::complete(const ModelWeights& /*weights*/, Matrix /*block*/,
                          std::span<const Matrix> /*state*/) const {}

double cube(Index n) { return static_cast<double>(n) * static_cast<double>(n * n); }

}  // namespace hourglass
