#pragma once

#include <span>

#include "hourglass/core/types.hpp"
#include "nn/count_loss.hpp"

namespace hourglass {

/// The loss of each feature of a sample, in nats and in double: minus the logarithm of the
/// probability of its count (CountDistribution). `outputs` are what count_means() leaves of the
/// sample's logits: the means m, behind them for nb and zinb the dispersion logits t, for zinb the
/// dropout logits q, each of all features. `counts` has a count and `terms` receives a loss of each
/// feature, at least 0. A mean of 0 (a sample without counts) gives 0.
void count_terms(CountDistribution distribution, std::span<const float> counts,
                 const float* outputs, std::span<double> terms);

}  // namespace hourglass
