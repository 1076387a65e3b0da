#pragma once

#include <string>

#include "checkpoint/state_file.hpp"
#include "config/config.hpp"
#include "core/timer.hpp"
#include "hourglass/comm/communicator.hpp"
#include "run/checkpoint_writer.hpp"
#include "run/resume_point.hpp"
#include "run/run_folder.hpp"
#include "train/run_data.hpp"
#include "train/run_plan.hpp"
#include "train/run_profile.hpp"
#include "train/run_state.hpp"
#include "train/stage_sequence.hpp"

namespace hourglass {

/// Whether a checkpoint is due after the update or epoch that ends at `position`; `requested`: by
/// an interval in seconds, on which the ranks have agreed.
[[nodiscard]] bool checkpoint_is_due(const Interval& every, const Position& position,
                                     bool requested);

/// Writes a run's checkpoints and models, and restores the run from a checkpoint. Methods are
/// collective, and throw the same Error on every rank, unless they are const.
class Checkpoints {
 public:
  /// The references outlive this.
  Checkpoints(const Communicator& communicator, const TrainConfig& config, const RunFolder& folder,
              const RunPlan& plan, const RunProfile& profile, RunData& data, StageSequence& stages);

  /// Restores state, input transform, parameters and optimizer, and begins the state's stage.
  /// Throws Error(usage) when the settings or the data do not continue that run, Error(data) when
  /// the file is a model or of another network.
  void restore(ResumePoint& point, RunState& state);

  /// Samples that have joined the run where it was resumed (--extend).
  [[nodiscard]] Index new_samples() const { return new_samples_; }
  /// Whether the checkpoint at this position is one to keep (--keep-every).
  [[nodiscard]] bool is_kept(const Position& position) const;
  /// Whether the interval, if it is in seconds, has passed on this rank since the last one.
  [[nodiscard]] bool interval_has_passed() const;
  /// Writes one, or begins to (--checkpoint-async). Throws Error(diverged) instead when a parameter
  /// is not finite.
  void write(const RunState& state);
  /// Whether this rank's part of the one in the background is written.
  [[nodiscard]] bool ready() const { return writer_.ready(); }
  /// Goes on with the one in the background: no waiting when it is ready() on every rank.
  void advance() { writer_.advance(); }
  /// Completes the one in the background.
  void finish() { writer_.finish(); }

  /// Updates before the last one begun; -1 before the first.
  [[nodiscard]] Index step() const { return writer_.step(); }
  /// The path of the last complete one, "" before the first.
  [[nodiscard]] const std::string& last() const { return writer_.last(); }
  /// See CheckpointWriter::take_duration.
  [[nodiscard]] double take_duration() { return writer_.take_duration(); }

  /// The model of the best epoch so far (--keep-best).
  void write_best(const RunState& state) { write_weights(folder_.best_path(), state); }
  /// The model of the run: with --keep-best that of the best epoch.
  void write_model(const RunState& state);

  /// Throws Error(diverged), having completed the one in the background, which may be the last good
  /// one.
  [[noreturn]] void fail_diverged(const Position& position, const std::string& what);

 private:
  void extend(const StateFile& file, RunState& state);
  [[nodiscard]] StateHeader header() const;
  void write_weights(const std::string& path, const RunState& state);

  Communicator communicator_;
  const TrainConfig& config_;
  const RunFolder& folder_;
  const RunPlan& plan_;
  const RunProfile& profile_;
  RunData& data_;
  StageSequence& stages_;
  CheckpointWriter writer_;
  Timer since_last_;
  bool counts_samples_ = false;  // a run whose samples have grown
  Index new_samples_ = 0;
};

}  // namespace hourglass
