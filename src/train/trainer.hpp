#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/buffer.hpp"
#include "engine/full_batch.hpp"
#include "engine/inference.hpp"
#include "engine/profiler.hpp"
#include "engine/stage.hpp"
#include "engine/training_data.hpp"
#include "hourglass/comm/communicator.hpp"
#include "run/checkpoint_writer.hpp"
#include "run/metrics.hpp"
#include "run/progress.hpp"
#include "run/resume_point.hpp"
#include "run/run_folder.hpp"
#include "run/tensorboard.hpp"
#include "system/fault_injection.hpp"
#include "system/stop_signal.hpp"
#include "train/pretraining.hpp"
#include "train/time_limit.hpp"
#include "train/watchdog.hpp"

namespace hourglass {

/// Where a run stands: between two updates.
struct Position {
  Index stage =
      0;  ///< layers pretrained; from Pretraining::stages() on: the whole network is being trained
  Index epoch = 0;          ///< epochs of the stage completed
  Index step_in_epoch = 0;  ///< updates made in the current epoch
  Index step = 0;           ///< updates made so far
  Index samples = 0;        ///< samples seen so far
};

/// Where the seconds of one step went on this rank: the main thread's, which add up to the whole
/// but for a remainder.
struct StepTimes {
  double total = 0;
  double compute = 0;   ///< passes and the sums along the tree within the rank
  double exchange = 0;  ///< communication that computing did not hide, and waiting for slower ranks
  double input = 0;     ///< waiting for data
  std::array<double, phase_count>
      phases{};  ///< the same step phase by phase, as --profile counts it

  [[nodiscard]] double of(Phase phase) const { return phases[static_cast<std::size_t>(phase)]; }
};

/// What a run ends with.
struct TrainResult {
  Position position;
  std::optional<double> validation_sse;
  std::string model_path;
  std::string weights_digest;
  std::string profile;  ///< the table of --profile; empty when it was not asked for
};

/// A training run from its configuration to model.h5. All ranks construct it with the same
/// configuration and call run().
class Trainer {
 public:
  /// A new run, or with `resume` the continuation of the run in `config.output` (from its beginning
  /// when that has no checkpoint: a run that was stopped before its first). Throws the same Error
  /// on every rank: settings, data, output folder.
  Trainer(const Communicator& communicator, const TrainConfig& config,
          std::optional<ResumePoint> resume = std::nullopt);

  /// Trains to the end. Throws Error(stopped) after a signal, with a checkpoint written, and
  /// Error(diverged).
  TrainResult run();

  /// Makes `steps` updates as run() does, epoch after epoch, but without checkpoints, records (and
  /// the gradient norms that they ask for), validation or a model file, and returns the times of
  /// each: for measurements. Collective.
  std::vector<StepTimes> run_steps(Index steps);

 private:
  struct Clock {
    double compute = 0;
    double exchange = 0;
    double input = 0;
    double checkpoint = 0;
    double verify = 0;
    Index samples = 0;
    Timer wall;
  };

  // trainer.cpp
  void prepare();
  void begin_stage();
  void finish_stage();
  void train_epoch();
  [[nodiscard]] bool is_pretraining() const { return position_.stage < pretraining_.stages(); }
  [[nodiscard]] const ShardPlan& plan_of(Index stage) const {
    return stage < pretraining_.stages() ? pretrain_plan_ : plan_;
  }
  [[nodiscard]] Index epochs_of(Index stage) const;
  [[nodiscard]] Index total_steps() const;
  [[nodiscard]] StageSettings whole_settings() const;

  // trainer_step.cpp
  void train_step();
  void train_iteration();
  [[nodiscard]] Index updates_per_epoch(Index stage) const;
  [[nodiscard]] StepFlags flags();
  void count_step(const StepTotals& totals, Index samples, double compute_seconds,
                  const Timer& timer);
  // L-BFGS has found that there is no way down.
  [[nodiscard]] bool converged() const { return full_batch_ && full_batch_->converged(); }
  [[nodiscard]] Index step_in_stage() const {
    return position_.epoch * updates_per_epoch(position_.stage) + position_.step_in_epoch;
  }
  [[nodiscard]] std::uint32_t epoch_number(Index epoch) const;
  [[noreturn]] void fail_step(const StepTotals& totals);
  [[noreturn]] void diverged(const std::string& what);
  void log_step();
  MetricsRecord make_record(const std::string& kind, Clock& clock);

  // trainer_epoch.cpp
  void finish_epoch();
  void remember(const MetricsRecord& record);
  double validation_error();
  std::span<const double> validation_errors();
  Index plateaus();
  bool is_best_epoch();
  void write_record(const MetricsRecord& record);
  bool stopped_early();

  // trainer_state.cpp
  void restore(ResumePoint& point);
  void restore_position(const StateFile& file);
  [[nodiscard]] bool checkpoint_due() const;
  void checkpoint();
  [[nodiscard]] std::pair<StateHeader, std::vector<StoredArena>> state(bool with_optimizer);
  void write_state(const std::string& path, bool with_optimizer);
  // What is to be used: the averaged weights when an average is kept.
  void write_weights(const std::string& path) { write_state(path, false); }
  void write_model();

  // trainer_reliability.cpp
  void start_watchdog();
  void take_flags(const StepTotals& totals);
  void settle_checkpoint();
  void verify_if_due();
  void verify();
  [[noreturn]] void stop();
  [[noreturn]] void fail_numbers(const std::string& what);
  [[nodiscard]] std::string last_checkpoint() const;

  // trainer_start.cpp
  // What a run says of itself before it begins: its size, memory and placement. Collective.
  void note_start();

  // trainer_profile.cpp
  void check_trace() const;
  void start_profile();
  void start_recording();
  void record_stage();
  [[nodiscard]] std::array<double, phase_count> recorded_seconds() const;
  void finish_profile(TrainResult& result);
  [[nodiscard]] PhaseRecorder* recorder() const { return profiler_ ? profiler_->main() : nullptr; }

  Communicator communicator_;
  StopSignal signals_;
  std::unique_ptr<DatasetReader> reader_;
  TrainConfig config_;
  Autoencoder model_;
  Pretraining pretraining_;
  std::unique_ptr<DatasetReader> validation_reader_;
  ShardPlan plan_;
  ShardPlan pretrain_plan_;
  RunFolder folder_;
  std::string data_fingerprint_;
  std::string validation_fingerprint_;  ///< "" without validation data
  InputTransform transform_;
  WorkerPool pool_;
  Buffer<float> parameters_;  // of the whole network
  std::unique_ptr<SampleSource> source_;
  const ShardPlan* source_plan_ = nullptr;
  std::unique_ptr<Trainable> layer_;  // what is being pretrained
  Buffer<float> layer_parameters_;
  std::unique_ptr<Profiler> profiler_;
  std::unique_ptr<Stage> stage_;
  std::unique_ptr<FullBatch> full_batch_;
  std::unique_ptr<MetricsFile> metrics_;
  std::unique_ptr<TensorBoard> tensorboard_;
  std::unique_ptr<Progress> progress_;

  Position position_;
  ExactSum epoch_loss_;
  ExactSum epoch_squared_error_;
  ExactSum epoch_penalty_;
  Index epoch_samples_ = 0;
  double step_loss_ = 0;
  double step_sse_ = 0;
  double step_penalty_ = 0;
  double learning_rate_ = 0;
  double gradient_norm_ = 0;
  double source_wait_ = 0;
  Clock step_clock_;
  Clock epoch_clock_;
  Timer since_checkpoint_;
  std::unique_ptr<TimeLimit> time_limit_;
  bool is_measuring_ = false;
  bool stop_requested_ = false;
  bool time_is_up_ = false;
  bool written_everywhere_ = false;
  bool checkpoint_requested_ = false;
  std::map<std::string, std::vector<double>> history_;
  FaultInjection faults_;
  std::unique_ptr<CheckpointWriter> checkpoints_;
  std::unique_ptr<Watchdog> watchdog_;
};

/// Throws Error(usage) on every rank when one was started with other settings, libraries or BLAS
/// kernels than rank 0, naming what.
void check_same_everywhere(const Communicator& communicator, const TrainConfig& config);

}  // namespace hourglass
