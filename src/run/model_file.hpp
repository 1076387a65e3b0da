#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "config/config.hpp"
#include "core/buffer.hpp"
#include "data/data_identity.hpp"
#include "data/normalization.hpp"
#include "engine/matched_data.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {

/// A trained model as it comes out of a model or checkpoint file.
struct Model {
  TrainConfig config;  ///< the run's effective configuration
  InputTransform transform;
  /// Of the training data; nullopt in files written before 0.2.
  std::optional<DataIdentity> identity;
  std::unique_ptr<Autoencoder> network;
  Buffer<float> parameters;
  StateFile file;

  /// For comparing other data with it; refers to the transform.
  [[nodiscard]] ModelInput input() const { return {network->features(), &transform, identity}; }
};

/// Reads and verifies a model or checkpoint. Throws Error(io) or Error(data) as read_state_file
/// does, and Error(data) when the file's tensors are not those of its configuration.
[[nodiscard]] Model load_model(const std::string& path);

/// The input transform as entries of a state file's header, and back.
void store_transform(const InputTransform& transform, StateHeader& header);
[[nodiscard]] InputTransform load_transform(const StateHeader& header);

/// Throws Error(data) naming the first tensor in which the file differs from the layout that its
/// configuration asks for.
void check_tensors(const StateFile& file, const Layout& layout);

}  // namespace hourglass
