#pragma once

#include <span>

#include "model/autoencoder.hpp"

namespace hourglass {

/// What DictionarySpec::unit_norm asks for: scales every atom to norm 1, but those that are 0.
void normalize_atoms(const Autoencoder& model, float* parameters);

/// What DictionarySpec::tied_start asks for: the encoder's last weight becomes the dictionary,
/// transposed. After the parameters are initialised and constrained.
void tie_start(const Autoencoder& model, std::span<float> parameters);

/// Of a model with a pre-bias: the part of an arena that it is.
[[nodiscard]] std::span<float> pre_bias_of(const Autoencoder& model, std::span<float> arena);
[[nodiscard]] std::span<const float> pre_bias_of(const Autoencoder& model,
                                                 std::span<const float> arena);

}  // namespace hourglass
