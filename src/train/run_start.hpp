#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "config/config.hpp"
#include "data/data_identity.hpp"
#include "hourglass/comm/communicator.hpp"
#include "run/model_file.hpp"
#include "run/resume_point.hpp"
#include "train/run_data.hpp"

namespace hourglass {

/// What a run starts from besides its data.
struct RunStart {
  TrainConfig config;             ///< with the columns chosen and the origin of its weights
  std::unique_ptr<Model> source;  ///< --init-from of a new run; null of others
  std::optional<StateHeader> extended = std::nullopt;  ///< of the checkpoint, with --extend
  std::shared_ptr<const Model> teacher = nullptr;      ///< --teacher; null without one
};

/// Reads the model of --init-from, unless the run goes on from a checkpoint, which knows what it
/// has to know of that model. Collective; throws the same Error on every rank.
[[nodiscard]] RunStart start_of_run(const Communicator& communicator, const TrainConfig& config,
                                    const std::optional<ResumePoint>& resume);

/// The configuration completed from the data, and of an extended run from its checkpoint.
/// Collective.
[[nodiscard]] TrainConfig completed_config(RunData& data, const RunStart& start,
                                           const std::optional<ResumePoint>& resume);

/// Copies the weights that fit to `parameters`, the arena of `network`, and notes in
/// config.origin what was taken. Collective; throws the same Error on every rank.
void take_initial_weights(const Communicator& communicator, const Model& source,
                          const Autoencoder& network, const DataIdentity& data,
                          std::span<float> parameters, TrainConfig& config);

/// Throws Error(usage) unless `teacher` takes samples of the size that `network` does and gives
/// what is to be imitated of it. Local.
void check_teacher(const Model& teacher, const TrainConfig& config, const Autoencoder& network);
/// Throws Error(usage) unless its samples were normalised as those of the run. Local.
void check_teacher_input(const Model& teacher, const TrainConfig& config,
                         const InputTransform& transform);

/// A line that says which layers are frozen, or "".
[[nodiscard]] std::string frozen_note(const TrainConfig& config, const Autoencoder& network);

/// The text of config.cfg: the settings and, as comments, where the weights come from.
[[nodiscard]] std::string configuration_text(const TrainConfig& config);

}  // namespace hourglass
