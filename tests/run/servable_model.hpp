#pragma once

#include <map>
#include <string>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "config/settings.hpp"
#include "hourglass/core/owned_matrix.hpp"
#include "nn/initializer.hpp"
#include "run/model_file.hpp"
#include "support/one_rank.hpp"

namespace hourglass {

/// Writes a model of random weights, of samples of bytes that are divided by 255 and standardised.
inline void write_servable_model(const std::string& path, const std::string& settings,
                                 const std::vector<Condition>& conditions = {}) {
  TrainConfig config;
  apply_text("micro-batch = 64\nbatch = 256\nactivation = tanh\n", "test", config);
  apply_text(settings, "test", config);
  config.model.conditions = conditions;
  const Autoencoder network(config.model);
  Buffer<float> parameters(network.layout().size());
  initialize(network.layout(), network.roles(), config.initialization, 3, parameters.span());
  StateHeader header;
  header.configuration = to_text(config);
  header.texts["tool_version"] = "any";
  store_conditions(conditions, header);
  InputTransform transform;
  transform.divisor = 255;
  const auto features = static_cast<std::size_t>(network.features());
  transform.mean.assign(features, 0.25F);
  transform.inverse_deviation.assign(features, 3.0F);
  if (config.model.missing == Missing::mask)
    transform.missing.means = std::vector<float>(features, 0.125F);
  store_transform(transform, header);
  const StoredArena arena{
      "/model", stored_tensors(network.layout()), {{0, parameters.size()}}, {parameters.data()}};
  write_state_file(one_rank(), path, header, std::span(&arena, 1));
}

/// Whole numbers of 0 to 255.
inline OwnedMatrix byte_samples(Index rows, Index features) {
  OwnedMatrix samples(rows, features);
  for (Index i = 0; i < rows * features; ++i)
    samples.values()[static_cast<std::size_t>(i)] = static_cast<float>(i * 37 % 256);
  return samples;
}

}  // namespace hourglass
