#pragma once

#include <vector>

#include "config/config.hpp"
#include "hourglass/comm/communicator.hpp"
#include "train/checkpoints.hpp"
#include "train/recorder.hpp"
#include "train/resampling.hpp"
#include "train/run_data.hpp"
#include "train/run_plan.hpp"
#include "train/run_profile.hpp"
#include "train/run_state.hpp"
#include "train/stage_sequence.hpp"
#include "train/step_times.hpp"
#include "train/supervisor.hpp"
#include "train/training_step.hpp"

namespace hourglass {

/// The loop over steps and epochs of a stage, with what follows each: records, validation,
/// verification, checkpoints, and the end of a run that is stopped or diverges. Collective
/// throughout; throws the same Error on every rank.
class StepLoop {
 public:
  /// The references outlive this.
  StepLoop(const Communicator& communicator, const TrainConfig& config, const RunPlan& plan,
           const RunData& data, const RunProfile& profile, StageSequence& stages, RunState& state,
           Recorder& recorder, Checkpoints& checkpoints, Supervisor& supervisor);

  /// Trains the current stage to its end: all epochs, or until early stopping or L-BFGS finds that
  /// nothing improves, or to where the run pauses. Throws Error(stopped), with a checkpoint
  /// written, and Error(diverged).
  void train_stage();
  /// From now on the run pauses after this many epochs of the whole network; 0: never.
  void pause_after(Index epochs) { pause_after_ = epochs; }
  /// Whether the current stage is not over and the run has come to where it pauses.
  [[nodiscard]] bool is_paused() const;
  /// Writes a checkpoint of the present state, verified if --verify-every is set.
  void checkpoint();
  /// Makes `steps` updates, epoch after epoch, without records, validation or checkpoints, and
  /// returns this rank's times of each. The profile records.
  [[nodiscard]] std::vector<StepTimes> measure(Index steps);

 private:
  void train_epoch();
  void begin_epoch();
  // Whether there was an update: false when a flag interrupted it.
  bool update(bool wants_norm);
  void resample();
  void advance_checkpoint();
  void record_step();
  void finish_epoch();
  void validate(MetricsRecord& record);
  [[nodiscard]] bool is_over() const;
  void verify();
  [[noreturn]] void stop();

  Communicator communicator_;
  const TrainConfig& config_;
  const RunPlan& plan_;
  const RunData& data_;
  const RunProfile& profile_;
  StageSequence& stages_;
  RunState& state_;
  Recorder& recorder_;
  Checkpoints& checkpoints_;
  Supervisor& supervisor_;
  TrainingStep step_;
  Resampling resampling_;
  RecordPeriod since_step_record_;
  RecordPeriod since_epoch_record_;
  Index pause_after_ = 0;
  bool collapse_said_ = false;
  bool root_failures_said_ = false;
};

}  // namespace hourglass
