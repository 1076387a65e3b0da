#pragma once

#include <cstdint>
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
  TrainConfig config;        ///< the run's effective configuration
  InputTransform transform;  ///< of inputs
  /// Of the training data; nullopt in files written before 0.2.
  std::optional<DataIdentity> identity;
  std::unique_ptr<Autoencoder> network;
  Buffer<float> parameters;
  StateFile file;
  /// The categories of each row of the data that the model is used on, set by the command: what
  /// Workspace::set_conditions takes, row after row. Empty: unknown.
  std::vector<std::int32_t> row_conditions = {};

  /// With --target: of samples with their targets behind them, and of the targets alone.
  InputTransform pair_transform = {};
  InputTransform target_transform = {};
  std::optional<DataIdentity> pair_identity = std::nullopt;

  [[nodiscard]] bool has_target() const { return network->sample_width() > network->features(); }
  /// Of its outputs for these data, which may have targets.
  [[nodiscard]] InputTransform outputs_of(const MatchedData& data) const;
  /// For comparing other data with it; refers to the transform.
  [[nodiscard]] ModelInput input() const { return {network->features(), &transform, identity}; }
  /// The same of data with targets.
  [[nodiscard]] ModelInput pair_input() const {
    return {network->sample_width(), &pair_transform, pair_identity};
  }
  /// The channels that stand first in the samples as they are stored; 0 or 1 when they are read as
  /// they are.
  [[nodiscard]] Index leading_channels() const;
  /// The samples as images, series or volumes, as far as it is known that they are.
  [[nodiscard]] ImageShape grid() const;
};

/// Reads and verifies a model or checkpoint. Throws Error(io) or Error(data) as read_state_file
/// does, and Error(data) when the file's tensors are not those of its configuration; Error(usage)
/// when the model has conditions of its samples and the caller does not take them.
[[nodiscard]] Model load_model(const std::string& path, bool takes_conditions = false);

/// The conditions as an entry of a state file's header, where there are some.
void store_conditions(const std::vector<Condition>& conditions, StateHeader& header);

/// The width of the target as an entry of a state file's header, where there is one.
void store_target(Index target_features, StateHeader& header);

/// The input transform as entries of a state file's header, and back. The header has the means of
/// missing elements for both treatments: Missing::mask keeps them in
/// AutoencoderSpec::missing_means. What counts as missing is part of the configuration.
void store_transform(const InputTransform& transform, StateHeader& header);
void store_missing_means(const std::vector<float>& means, StateHeader& header);
[[nodiscard]] InputTransform load_transform(const StateHeader& header, const TrainConfig& config);
[[nodiscard]] std::vector<float> load_missing_means(const StateHeader& header);

/// Makes a model of Missing::mean mask what is missing instead, so that it can be told from what is
/// there: the network and what it is fed stay the same. Throws Error(usage) for a model that
/// refuses missing elements, naming --only-missing.
void mask_missing(Model& model);

/// Throws Error(data) naming the first tensor in which the file differs from the layout that its
/// configuration asks for.
void check_tensors(const StateFile& file, const Layout& layout);

}  // namespace hourglass
