#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "engine/dictionary_shards.hpp"
#include "hourglass/comm/communicator.hpp"
#include "model/autoencoder.hpp"
#include "run/resume_point.hpp"
#include "run/run_folder.hpp"
#include "system/stop_signal.hpp"
#include "train/checkpoints.hpp"
#include "train/recorder.hpp"
#include "train/run_data.hpp"
#include "train/run_plan.hpp"
#include "train/run_profile.hpp"
#include "train/run_start.hpp"
#include "train/run_state.hpp"
#include "train/stage_sequence.hpp"
#include "train/step_loop.hpp"
#include "train/step_times.hpp"
#include "train/supervisor.hpp"

namespace hourglass {

/// The outcome of a run.
struct TrainResult {
  Position position;
  std::optional<double> validation_sse;
  bool paused = false;     ///< there is no model yet, only a checkpoint
  std::string model_path;  ///< of the checkpoint if the run has paused
  std::string weights_digest;
  std::string profile;  ///< the table of --profile; empty when it was not asked for
};

/// A training run from its configuration to model.h5: builds the parts of a run and goes through
/// its stages. All ranks construct it with the same configuration and call run().
class Trainer {
 public:
  /// A new run, or with `resume` the continuation of the run in `config.output` (from its beginning
  /// when that has no checkpoint: a run that was stopped before its first). Throws the same Error
  /// on every rank: settings, data, output folder.
  Trainer(const Communicator& communicator, const TrainConfig& config,
          std::optional<ResumePoint> resume = std::nullopt);

  /// Trains to the end, or, with `pause_after` above 0, until this many epochs of the whole network
  /// are complete: then there is a checkpoint, from which the run can be resumed as if it had not
  /// paused. Throws Error(stopped) after a signal, with a checkpoint written, and Error(diverged).
  TrainResult run(Index pause_after = 0);

  /// Makes `steps` updates as run() does, epoch after epoch, but without checkpoints, records (and
  /// the gradient norms that they ask for), validation or a model file, and returns the times of
  /// each: for measurements. Collective.
  std::vector<StepTimes> run_steps(Index steps);

 private:
  Trainer(const RunStart& start, const Communicator& communicator,
          std::optional<ResumePoint> resume);

  void train_stages();
  [[nodiscard]] TrainResult finish();

  // In this order: a part has references to parts before it only.
  Communicator communicator_;
  StopSignal signals_;
  RunData data_;
  TrainConfig config_;
  Autoencoder model_;
  std::unique_ptr<DictionaryShards> shards_;
  RunPlan plan_;
  std::shared_ptr<const Model> teacher_;
  RunFolder folder_;
  RunProfile profile_;
  StageSequence stages_;
  RunState state_;
  Recorder recorder_;
  Checkpoints checkpoints_;
  Supervisor supervisor_;
  StepLoop loop_;
};

}  // namespace hourglass
