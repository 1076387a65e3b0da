#pragma once

#include <string>
#include <vector>

#include "hourglass/core/types.hpp"
#include "run/model_file.hpp"

namespace hourglass {

/// A sparse autoencoder of one layer on either side as SAELens stores it: d inputs, n units,
///   h = act((x - b_dec if apply_b_dec_to_input) W_enc + b_enc),  x^ = h W_dec + b_dec
/// and of gated, with p = (x - b_dec if apply_b_dec_to_input) W_enc:
///   h = relu(p exp(r_mag) + b_mag) where p + b_gate > 0
struct SaelensWeights {
  Index inputs = 0;          ///< d
  Index units = 0;           ///< n
  std::string architecture;  ///< standard (relu), topk, jumprelu, gated
  Index k = 0;               ///< topk: units of a sample
  bool apply_b_dec_to_input = false;
  std::vector<float> w_enc;      ///< d x n
  std::vector<float> b_enc;      ///< n; gated: b_gate
  std::vector<float> w_dec;      ///< n x d
  std::vector<float> b_dec;      ///< d
  std::vector<float> threshold;  ///< jumprelu: n
  std::vector<float> r_mag;      ///< gated: n
  std::vector<float> b_mag;      ///< gated: n
};

/// The weights of a model with the normalisation of its inputs folded in, so that they take stored
/// samples and give reconstructions in their units. Throws Error(usage) saying why a model has no
/// such form.
[[nodiscard]] SaelensWeights saelens_weights(const Model& model);

/// Adds a number to the pre-activations of a unit, the magnitudes' of gated included.
void add_to_biases(SaelensWeights& weights, std::size_t unit, double shift);

/// The names of the files in a folder of SAELens.
inline constexpr const char* saelens_configuration_name = "cfg.json";
inline constexpr const char* saelens_weights_name = "sae_weights.safetensors";

/// The contents of both.
[[nodiscard]] std::string saelens_configuration(const SaelensWeights& weights);
[[nodiscard]] std::string saelens_tensors(const SaelensWeights& weights);

}  // namespace hourglass
