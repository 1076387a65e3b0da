#pragma once

#include <span>
#include <string>
#include <vector>

#include "model/autoencoder.hpp"
#include "model/layer_choice.hpp"
#include "run/model_file.hpp"

namespace hourglass {

/// The network that takes weights.
struct WeightReceiver {
  const Autoencoder& network;
  std::vector<std::string> feature_names;  ///< of its samples; empty: unknown
  LayerChoice layers;                      ///< to take; empty: all
  LayerChoice frozen;                      ///< that have to be complete
};

/// Copies the weights of `source` to `parameters`, the network's arena, as far as they fit, and
/// leaves the rest as it is. Layers correspond by their number from the input on; those of the
/// decoder, where the models have different numbers of them, by that from the output on. Of a layer
///   features correspond by name, or by place where the models have as many and one has no names;
///   units of the code by place, as far as both have them, means to means of variational codes;
///   categories of conditions by name; hidden units by place if there are as many;
///   outputs of count losses by what they are (means, dispersions, dropouts),
/// and what has no counterpart is not taken. Convolutions are taken if they are the same.
/// Returns a line that says what was taken and what was not. Throws Error(usage), naming the
/// setting, where a layer to take computes another function: by its activation, its normalisation
/// or its kind; when a frozen layer is not complete (but for new categories); and when nothing
/// fits.
[[nodiscard]] std::string take_weights(const Model& source, const WeightReceiver& receiver,
                                       std::span<float> parameters);

}  // namespace hourglass
