#pragma once

#include "hourglass/core/matrix_view.hpp"
#include "nn/layer.hpp"
#include "nn/loss.hpp"
#include "nn/row_weights.hpp"

namespace hourglass {

// Losses and penalties of a micro-batch in which each row's part, and its gradient, is multiplied
// by the row's weight. Without weights they are those of nn/loss.hpp and model/penalty.hpp.

/// The weights of the samples of a training pass.
[[nodiscard]] RowWeights weights_of(const PassContext& context);

LossSums weighted_loss(Loss loss, Activation output_activation, bool feature_mean, float scale,
                       ConstMatrix target, Matrix logits, Matrix gradient,
                       const LossOptions& options, const RowWeights& weights);

double weighted_l1(double weight, ConstMatrix h, float scale, Matrix gradient,
                   const RowWeights& weights);

double weighted_variational(double beta, double free_bits, ConstMatrix posterior, float scale,
                            Matrix gradient, const RowWeights& weights);

}  // namespace hourglass
