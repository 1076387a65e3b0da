#pragma once

#include "model/autoencoder.hpp"

namespace hourglass {

/// The auxiliary loss that trains the gates of `--sparsity gated` (Rajamanoharan et al. 2024a): the
/// reconstruction error of relu(g), g being the gates' pre-activations, by the decoder as it is,
///   L(x, relu(g) A + b),
/// whose gradient goes to g alone. For a decoder of one layer. Writes scale times the derivative to
/// the code's gate_gradients and returns the loss sums; `logits` and `gradient` are scratch of the
/// target's shape. `group`: the ranks that share the units, or null.
LossSums gate_loss(const AutoencoderSpec& spec, const SparseDecoder& decoder,
                   const float* parameters, ConstMatrix target, float scale,
                   const LossOptions& options, const RowWeights& weights, SparseCode& code,
                   Matrix logits, Matrix gradient, UnitGroup* group);

}  // namespace hourglass
