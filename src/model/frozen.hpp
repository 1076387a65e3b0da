#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/condition.hpp"
#include "hourglass/core/types.hpp"
#include "model/autoencoder.hpp"
#include "model/layer_choice.hpp"

namespace hourglass {

/// Parameters that a training leaves as they are: their gradient is 0, no rule, decay or average
/// touches them, and their bits stay.
struct Frozen {
  /// Of the arena, ascending, without overlaps. A whole tensor with its padding, or some rows of a
  /// tensor of conditions.
  std::vector<Range> ranges;
  /// The network's first layers (Network::layer) without a trained parameter: no gradient needs to
  /// pass through them.
  Index network_layers = 0;
  Index parameters = 0;  ///< frozen numbers, without padding

  [[nodiscard]] bool empty() const { return ranges.empty(); }
};

/// The parameters of the chosen layers: weights, biases, gains and shifts of normalisation. Of
/// conditions all categories, or with `known` only those: the rows of new ones are trained
/// (architecture surgery, Lotfollahi et al. 2022). Throws Error(usage) for layers that the network
/// does not have and when nothing is left to train.
[[nodiscard]] Frozen frozen_parameters(const Autoencoder& network, const LayerChoice& layers,
                                       const std::vector<Condition>* known = nullptr);

/// Whether all of `range` is in one of the frozen ranges.
[[nodiscard]] bool is_frozen(std::span<const Range> frozen, Range range);

/// Whether `tensor` holds the biases of categories (nn/condition_bias.hpp).
[[nodiscard]] bool is_condition(const Tensor& tensor);

/// Writes 0 to the floats of `arena`, a range of `gradient`, that are frozen.
void zero_frozen(std::span<const Range> frozen, Range arena, float* gradient);

/// E.g. "layers 1, 2 (5070 of 10164 parameters)".
[[nodiscard]] std::string frozen_text(const Autoencoder& network, const LayerChoice& layers,
                                      const Frozen& frozen);

}  // namespace hourglass
