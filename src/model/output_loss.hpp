#pragma once

#include <span>

#include "model/autoencoder.hpp"

namespace hourglass {

/// Further inputs of a model's loss. `weights` (or empty) holds the products of all weights of an
/// element; without them the features' weights apply to every row.
[[nodiscard]] LossOptions loss_options(const AutoencoderSpec& spec, ConstMatrix weights,
                                       ConstMatrix present, std::span<float> scratch);

/// Makes the reconstruction (rows x D, in `logits`) of the network's outputs. `sizes`: the samples'
/// size factors; empty: 1.
ConstMatrix make_outputs(const AutoencoderSpec& spec, std::span<const float> sizes, Matrix logits);

}  // namespace hourglass
