#pragma once

#include <vector>

#include "checkpoint/state_file.hpp"
#include "config/settings.hpp"
#include "model/autoencoder.hpp"
#include "run/run_folder.hpp"
#include "support/one_rank.hpp"

namespace hourglass::run_test {

/// The settings of a small run that is written to `output`.
inline TrainConfig example_config(const std::string& output) {
  TrainConfig config;
  config.data = "data.h5:/x";
  config.model.encoder = layer_list_from("6,3");
  config.output = output;
  return config;
}

/// Writes a model file, or a checkpoint of `step` when that is not negative, whose parameters are
/// `value` everywhere.
inline void write_state(const std::string& path, const TrainConfig& config, Index step = -1,
                        float value = 0.5F) {
  StateHeader header;
  header.configuration = to_text(config);
  if (step >= 0) header.position = {{"epoch", 0}, {"step", step}, {"samples", 0}};
  const Autoencoder network(config.model);
  std::vector<StoredTensor> tensors;
  for (const Tensor& tensor : network.layout().tensors())
    tensors.push_back({tensor.name, tensor.shape, tensor.offset, tensor.size});
  const std::vector<float> values(static_cast<std::size_t>(network.layout().size()), value);
  const std::vector<StoredArena> arenas = {
      {"/model", tensors, {{0, network.layout().size()}}, {values.data()}}};
  write_state_file(one_rank(), path, header, arenas);
}

}  // namespace hourglass::run_test
