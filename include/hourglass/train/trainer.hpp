#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hourglass/core/buffer.hpp"
#include "hourglass/dist/communicator.hpp"
#include "hourglass/dist/reducer.hpp"
#include "hourglass/optim/schedule.hpp"
#include "hourglass/train/gradient_engine.hpp"
#include "hourglass/train/inference.hpp"
#include "hourglass/train/metrics.hpp"
#include "hourglass/train/profiler.hpp"
#include "hourglass/train/progress.hpp"
#include "hourglass/train/run_folder.hpp"
#include "hourglass/train/tensorboard.hpp"
#include "hourglass/train/training_data.hpp"
#include "hourglass/train/update.hpp"

namespace hourglass {

/// Where a run stands: between two updates.
struct Position {
  Index epoch = 0;          ///< epochs completed
  Index step_in_epoch = 0;  ///< updates made in the current epoch
  Index step = 0;           ///< updates made so far
  Index samples = 0;        ///< samples seen so far
};

/// What a run ends with.
struct TrainResult {
  Position position;
  std::optional<double> validation_sse;
  std::string model_path;
  std::string weights_digest;
  std::string profile;  ///< the table of --profile; empty when it was not asked for
};

/// A training run from its configuration to model.h5. All ranks construct it with the same configuration and call run().
class Trainer {
 public:
  /// A new run, or with `checkpoint` the continuation of the run in `config.output` (from its beginning when the path is empty:
  /// a run that was stopped before its first checkpoint). Throws the same Error on every rank: settings, data, output folder.
  Trainer(const Communicator& communicator, const TrainConfig& config,
          const std::optional<std::string>& checkpoint = std::nullopt);

  /// Trains to the end. Throws Error(stopped) after a signal, with a checkpoint written, and Error(diverged).
  TrainResult run();

 private:
  // The scalars that all ranks add up in a step.
  struct StepScalars;
  struct Clock {
    double compute = 0;
    double exchange = 0;
    double input = 0;
    Index samples = 0;
    Timer wall;
  };

  void prepare();
  void restore(const std::string& checkpoint);
  void train_epoch();
  void train_step();
  double gradient_norm();
  void apply_update(const UpdateStep& step);
  [[noreturn]] void fail_step(const StepScalars& scalars, const std::exception_ptr& failure);
  [[noreturn]] void diverged(const std::string& what);
  void finish_epoch();
  void log_step();
  MetricsRecord make_record(const std::string& kind, Clock& clock);
  void checkpoint();
  void write_state(const std::string& path, bool with_optimizer);
  // What is to be used: the averaged weights when an average is kept.
  void write_weights(const std::string& path) { write_state(path, false); }
  void write_model();
  double validation_error();
  std::span<const double> validation_errors();
  Index plateaus();
  bool is_best_epoch();
  void write_record(const MetricsRecord& record);
  bool stopped_early();
  bool checkpoint_due() const;
  // What a run says of itself before it begins: its size, memory and placement. Collective.
  void note_start();
  void start_profile();
  void finish_profile(TrainResult& result);
  [[nodiscard]] PhaseRecorder* recorder() const { return profiler_ ? profiler_->main() : nullptr; }
  [[nodiscard]] Index total_steps() const { return config_.epochs * plan_.steps_per_epoch(); }

  Communicator communicator_;
  std::unique_ptr<DatasetReader> reader_;
  TrainConfig config_;
  Autoencoder model_;
  std::unique_ptr<DatasetReader> validation_reader_;
  ShardPlan plan_;
  RunFolder folder_;
  std::string data_fingerprint_;
  InputTransform transform_;
  std::unique_ptr<Schedule> schedule_;
  std::unique_ptr<Optimizer> optimizer_;
  WorkerPool pool_;
  Buffer<float> parameters_;
  Buffer<float> gradient_;
  Buffer<float> average_;  // the whole running average, when validation wants it
  std::unique_ptr<Reducer> reducer_;
  std::unique_ptr<SegmentUpdate> update_;
  std::unique_ptr<SampleSource> source_;
  std::unique_ptr<GradientEngine> engine_;
  std::unique_ptr<MetricsFile> metrics_;
  std::unique_ptr<TensorBoard> tensorboard_;
  std::unique_ptr<Progress> progress_;
  std::unique_ptr<Profiler> profiler_;

  Position position_;
  GradientEngine::StepSums sums_;
  std::vector<std::int64_t> scalar_words_;
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
  Index checkpointed_step_ = -1;
  bool stop_requested_ = false;
  bool checkpoint_requested_ = false;
  std::map<std::string, std::vector<double>> history_;
  std::string last_checkpoint_;
};

/// Throws Error(usage) on every rank when one was started with other settings, libraries or BLAS kernels than rank 0, naming
/// what.
void check_same_everywhere(const Communicator& communicator, const TrainConfig& config);

}  // namespace hourglass
