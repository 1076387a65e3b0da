#include "optim/graft.hpp"

#include <algorithm>
#include <cmath>

#include "math/sum_of_squares.hpp"
#include "optim/check.hpp"
#include "optim/subnormal.hpp"

namespace hourglass {

std::vector<std::string> graft_names() { return {"spectral", "adam", "sgd"}; }

Graft::Graft(const OptimizerSettings& settings)
    : momentum_(settings.momentum), beta2_(settings.beta2), epsilon_(settings.epsilon) {
  const std::vector<std::string> names = graft_names();
  const auto found = std::ranges::find(names, settings.precondition.graft);
  if (found == names.end()) throw_unknown_choice("--graft", settings.precondition.graft, names);
  kind_ = static_cast<Kind>(found - names.begin());
}

double Graft::norm(Index step, ConstMatrix gradient, ConstMatrix momentum, Matrix variance) const {
  if (kind_ == Kind::sgd) return std::sqrt(sum_of_squares(momentum));
  const auto rows = static_cast<double>(momentum.rows);
  const auto columns = static_cast<double>(momentum.columns);
  if (kind_ == Kind::spectral)
    return std::sqrt(std::min(rows, columns)) * std::sqrt(std::max(1.0, rows / columns));
  const auto t = static_cast<double>(step);
  const double mean_correction = (1 - momentum_) / (1 - std::pow(momentum_, t));
  const double variance_correction = 1 / std::sqrt(1 - std::pow(beta2_, t));
  const auto decay = static_cast<float>(beta2_);
  double sum = 0;
  for (Index r = 0; r < momentum.rows; ++r) {
    for (Index c = 0; c < momentum.columns; ++c) {
      float& mean_square = variance(r, c);
      const float g = gradient(r, c);
      mean_square = flush_subnormal(decay * mean_square + (1 - decay) * g * g);
      const double element =
          mean_correction * static_cast<double>(momentum(r, c)) /
          (std::sqrt(static_cast<double>(mean_square)) * variance_correction + epsilon_);
      sum += element * element;
    }
  }
  return std::sqrt(sum);
}

void add_to_momentum(double m, ConstMatrix gradient, Matrix momentum) {
  const auto factor = static_cast<float>(m);
  for (Index r = 0; r < gradient.rows; ++r) {
    const std::span<const float> added = gradient.row(r);
    const std::span<float> sum = momentum.row(r);
    for (std::size_t c = 0; c < sum.size(); ++c)
      sum[c] = flush_subnormal(factor * sum[c] + added[c]);
  }
}

void scale_to_norm(double norm, Matrix matrix) {
  const double own = std::sqrt(sum_of_squares(matrix));
  const auto factor = static_cast<float>(vanishes(own) ? 0 : norm / own);
  for (Index r = 0; r < matrix.rows; ++r) {
    for (float& value : matrix.row(r)) value *= factor;
  }
}

}  // namespace hourglass
