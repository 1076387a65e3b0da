#pragma once

#include "model/autoencoder.hpp"

namespace hourglass {

/// Whether a specification has penalties on activations.
[[nodiscard]] bool penalizes_activations(const AutoencoderSpec& spec);

/// The penalties of a training pass on the output y of a layer, summed over rows; adds scale times
/// their derivatives to `dy`, or to the sparse code's gradients (OutputGradientHook).
double penalize_activations(const AutoencoderSpec& spec, const Architecture& architecture,
                            Index layer, ConstMatrix y, float scale, const PassContext& context,
                            Matrix dy, Workspace& workspace);

/// The penalties that depend on the sample alone, after a forward pass without training, summed
/// over rows: means over a batch and the encoder's Jacobian belong to training.
double penalties_of_samples(const AutoencoderSpec& spec, const Architecture& architecture,
                            Index rows, const RowWeights& weights, Workspace& workspace);

}  // namespace hourglass
