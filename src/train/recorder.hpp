#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "config/config.hpp"
#include "core/timer.hpp"
#include "hourglass/comm/communicator.hpp"
#include "model/autoencoder.hpp"
#include "run/metrics.hpp"
#include "run/progress.hpp"
#include "run/run_folder.hpp"
#include "run/tensorboard.hpp"
#include "train/run_data.hpp"
#include "train/run_plan.hpp"
#include "train/run_state.hpp"
#include "train/training_step.hpp"

namespace hourglass {

/// Where this rank's seconds went since the record of the same kind before.
struct RecordPeriod {
  double compute = 0;
  double exchange = 0;
  double input = 0;
  double checkpoint = 0;
  double verify = 0;
  Index samples = 0;
  Index root_failures = 0;
  Index sent_bytes = 0;
  Timer wall;

  void add(const StepResult& step);
};

/// Tells what a run does: metrics files, TensorBoard, and the report on standard output, all on
/// rank 0.
class Recorder {
 public:
  /// The references outlive this.
  Recorder(const Communicator& communicator, const TrainConfig& config, const RunPlan& plan,
           const Autoencoder& network, const RunData& data);

  /// Opens the files in the run's folder, for a run that has made `step` updates. On rank 0 only;
  /// throws Error(io).
  void open_files(const RunFolder& folder, Index step);

  /// Begins the report on standard output.
  void begin_report(Index step);
  void begin_stage(Index stage);
  /// Whether notes are shown, on this rank.
  [[nodiscard]] bool shows_notes() const { return progress_ && config_.progress != "none"; }
  void note(const std::string& line);

  /// Whether the update number `step`, counted from 1, is recorded (--log-every).
  [[nodiscard]] bool records_step(Index step) const;
  /// The record of the update `step`, or of the epoch that ends with it, whose position has not
  /// left the epoch yet. An epoch's has the means of its sums. Collective.
  [[nodiscard]] MetricsRecord step_record(const RunState& state, const StepResult& step,
                                          const RecordPeriod& period) const;
  [[nodiscard]] MetricsRecord epoch_record(const RunState& state, const StepResult& step,
                                           const RecordPeriod& period) const;
  /// Adds what a record of an epoch tells of the parameters themselves. Does nothing but on rank 0.
  void add_parameters(std::span<const float> parameters, MetricsRecord& record) const;
  /// Writes a record to the files; `parameters` are the network's. Collective, throws Error(io).
  void write(const MetricsRecord& record, std::span<const float> parameters);

  /// Shows an update, that ended at `position`, or an epoch on standard output.
  void show_step(const Position& position, const StepResult& step);
  void show_epoch(const MetricsRecord& record);

 private:
  [[nodiscard]] std::optional<SparseUse> sparse_use(const RunState& state,
                                                    std::span<const std::int64_t> counts,
                                                    Index samples, double sse) const;
  [[nodiscard]] MetricsRecord make_record(const std::string& kind, const Position& position,
                                          const StepResult& step, const RecordPeriod& period) const;

  Communicator communicator_;
  const TrainConfig& config_;
  const RunPlan& plan_;
  const Autoencoder& network_;
  const RunData& data_;
  std::unique_ptr<MetricsFile> metrics_;
  std::unique_ptr<TensorBoard> tensorboard_;
  std::unique_ptr<Progress> progress_;
};

}  // namespace hourglass
