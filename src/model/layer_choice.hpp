#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/layout.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {

/// Some of a network's layers with weights, counted from 1, from the input on: those of the
/// encoder, the last of which makes the code, then those of the decoder.
struct LayerChoice {
  bool encoder = false;  ///< all of it
  bool decoder = false;
  std::vector<Index> numbers;  ///< further ones

  [[nodiscard]] bool empty() const { return !encoder && !decoder && numbers.empty(); }
  friend bool operator==(const LayerChoice&, const LayerChoice&) = default;
};

/// "encoder", "decoder", "1,2", and several of these with commas between them; "" for none.
[[nodiscard]] std::string to_string(const LayerChoice& choice);
/// Throws Error(usage).
[[nodiscard]] LayerChoice layer_choice_from(std::string_view text);

/// Layers of encoder and decoder together.
[[nodiscard]] Index layer_count(const AutoencoderSpec& spec);
/// The number of the layer that a tensor belongs to: that of its bias, its normalisation and its
/// conditions; dispersions of genes belong to the last one.
[[nodiscard]] Index layer_of(const AutoencoderSpec& spec, const Tensor& tensor);
/// The chosen layers' numbers, ascending. Throws Error(usage) naming --`setting` for a number that
/// is none of the network's.
[[nodiscard]] std::vector<Index> chosen_layers(const LayerChoice& choice,
                                               const AutoencoderSpec& spec,
                                               std::string_view setting);

}  // namespace hourglass
