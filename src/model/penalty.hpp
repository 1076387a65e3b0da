#pragma once

#include <span>

#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

// Penalties on activations h (rows x n). Each returns its value summed over rows, in double, and
// adds scale * d(value)/dh to `gradient` (rows x n) unless that is empty.

/// weight * sum |h|. The derivative at 0 is 0.
double l1_penalty(double weight, ConstMatrix h, float scale, Matrix gradient);

/// weight * rows * sum_j KL(target || mean_j), means[j] being unit j's mean over the global batch:
/// every row carries its share, so that the sum over the global batch divided by its size is the
/// penalty. d/dh_j = weight (-target / mean_j + (1 - target) / (1 - mean_j)) for every row, exactly
/// (Ng 2011). A mean outside of (0, 1) is taken as the nearest number 1e-6 inside.
double kl_sparsity_penalty(double weight, double target, std::span<const double> means, Index rows,
                           float scale, Matrix gradient);

/// beta * sum over rows and units of max(free_bits, KL_j), KL_j = (mu_j^2 + sigma_j^2 - 1 - ln
/// sigma_j^2) / 2, for posterior = (mu, ln sigma^2), rows x 2d (Kingma & Welling 2014); no gradient
/// where free_bits is the larger (Kingma et al. 2016).
double variational_penalty(double beta, double free_bits, ConstMatrix posterior, float scale,
                           Matrix gradient);

}  // namespace hourglass
