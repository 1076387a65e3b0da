#pragma once

#include <memory>
#include <string>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "config/config.hpp"
#include "core/buffer.hpp"
#include "data/normalization.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {

/// A trained model as it comes out of a model or checkpoint file.
struct Model {
  TrainConfig config;  ///< the run's effective configuration
  InputTransform transform;
  std::unique_ptr<Autoencoder> network;
  Buffer<float> parameters;
  StateFile file;

  /// The channels that stand first in the samples as they are stored; 0 or 1 when they are read as
  /// they are.
  [[nodiscard]] Index leading_channels() const;
  /// The samples as images, series or volumes, as far as it is known that they are.
  [[nodiscard]] ImageShape grid() const;
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
