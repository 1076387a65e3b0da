#include "model/penalty.hpp"

#include <algorithm>
#include <cmath>

#include "math/elementwise.hpp"
#include "nn/gaussian_sample.hpp"

namespace hourglass {

double l1_penalty(double weight, ConstMatrix h, float scale, Matrix gradient) {
  const float step = scale * static_cast<float>(weight);
  double sum = 0;
  for (Index r = 0; r < h.rows; ++r) {
    const float* row = h.row(r).data();
    double row_sum = 0;
    for (Index c = 0; c < h.columns; ++c) row_sum += static_cast<double>(std::fabs(row[c]));
    sum += row_sum;
    if (gradient.empty()) continue;
    float* to = gradient.row(r).data();
    for (Index c = 0; c < h.columns; ++c) to[c] += row[c] > 0 ? step : (row[c] < 0 ? -step : 0.0F);
  }
  return weight * sum;
}

double kl_sparsity_penalty(double weight, double target, std::span<const double> means, Index rows,
                           float scale, Matrix gradient) {
  double sum = 0;
  for (std::size_t j = 0; j < means.size(); ++j) {
    const double mean = std::clamp(means[j], 1e-6, 1 - 1e-6);
    sum += target * std::log(target / mean) + (1 - target) * std::log((1 - target) / (1 - mean));
    if (gradient.empty()) continue;
    const auto step = static_cast<float>(static_cast<double>(scale) * weight *
                                         (-target / mean + (1 - target) / (1 - mean)));
    for (Index r = 0; r < rows; ++r) gradient(r, static_cast<Index>(j)) += step;
  }
  return weight * sum * static_cast<double>(rows);
}

double unit_divergence(float mean, float log_variance) {
  const float bounded = bounded_log_variance(log_variance);
  const float variance = elementwise::exp(bounded);
  return 0.5 * (static_cast<double>(mean) * mean + static_cast<double>(variance) - 1.0 -
                static_cast<double>(bounded));
}

double variational_penalty(double beta, double free_bits, ConstMatrix posterior, float scale,
                           Matrix gradient) {
  const Index units = posterior.columns / 2;
  const float step = scale * static_cast<float>(beta);
  double sum = 0;
  for (Index r = 0; r < posterior.rows; ++r) {
    const float* mean = posterior.row(r).data();
    const float* log_variance = mean + units;
    for (Index j = 0; j < units; ++j) {
      const double divergence = unit_divergence(mean[j], log_variance[j]);
      const bool free = divergence < free_bits;
      sum += free ? free_bits : divergence;
      if (gradient.empty() || free) continue;
      gradient(r, j) += step * mean[j];
      if (is_bounded_log_variance(log_variance[j]))
        gradient(r, units + j) += step * 0.5F * (elementwise::exp(log_variance[j]) - 1.0F);
    }
  }
  return beta * sum;
}

}  // namespace hourglass
