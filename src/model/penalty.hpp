#pragma once

#include <span>

#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

// Penalties on activations h (rows x n). Each returns its value summed over rows, in double, and
// adds scale * d(value)/dh to `gradient` (rows x n) unless that is empty.

/// weight * sum |h|. The derivative at 0 is 0.
double l1_penalty(double weight, ConstMatrix h, float scale, Matrix gradient);

/// weight * rows * sum_j KL(target || mean_j), with means[j] unit j's mean over the global batch
/// (Ng 2011). Every row has its share, so that the sum over the global batch divided by its size is
/// the penalty. For every row, exactly:
///   d/dh_j = weight (-target / mean_j + (1 - target) / (1 - mean_j))
/// Means are clamped to [1e-6, 1 - 1e-6].
double kl_sparsity_penalty(double weight, double target, std::span<const double> means, Index rows,
                           float scale, Matrix gradient);

/// The divergence in nats of a unit's N(mu, sigma^2) from N(0, 1), from mu and ln sigma^2, which is
/// bounded (bounded_log_variance of nn/gaussian_sample.hpp):
///   (mu^2 + sigma^2 - 1 - ln sigma^2) / 2
[[nodiscard]] double unit_divergence(float mean, float log_variance);

/// beta * sum over rows and units of max(free_bits, KL_j), for posterior = (mu, ln sigma^2), rows x
/// 2d, and free_bits in nats (Kingma & Welling 2014):
///   KL_j = unit_divergence(mu_j, ln sigma_j^2)
/// The gradient is 0 where free_bits is the larger (Kingma et al. 2016), and with respect to a
/// ln sigma^2 beyond its bounds.
double variational_penalty(double beta, double free_bits, ConstMatrix posterior, float scale,
                           Matrix gradient);

}  // namespace hourglass
