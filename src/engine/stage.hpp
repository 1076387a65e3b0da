#pragma once

#include <array>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "comm/reducer.hpp"
#include "config/config.hpp"
#include "core/buffer.hpp"
#include "data/shard_plan.hpp"
#include "engine/gradient_engine.hpp"
#include "engine/update.hpp"
#include "hourglass/comm/communicator.hpp"
#include "optim/schedule.hpp"

namespace hourglass {

/// How the parameters of a stage are updated, and for how long.
struct StageSettings {
  OptimizerSettings optimizer;
  ScheduleSettings schedule;
  UpdateSettings update;
  double clip_norm = 0;  ///< 0: no clipping
  Index epochs = 0;
  Reduction reduction = Reduction::tree;
  Index bucket_bytes = Index{4} << 20;
  ArithmeticSettings arithmetic;
  bool overlap = true;  ///< see GradientEngine::exchange_afterwards
};

/// What a rank has to say to the others in a step: flags that ride along with the sums.
enum class StepFlag : std::size_t {
  stop,        ///< told to stop, or out of time
  checkpoint,  ///< time for one
  time,        ///< out of time
  written,     ///< its part of a checkpoint in the background is written
};
using StepFlags = std::array<bool, 4>;

/// Sums over the samples of a step, of all ranks.
struct StepTotals {
  ExactSum loss;
  ExactSum squared_error;
  ExactSum penalty;
  Index samples = 0;
  std::array<std::int64_t, std::tuple_size_v<StepFlags>>
      flags{};                 ///< on how many ranks each of the caller's flags was set
  bool failed = false;         ///< a rank could not get its samples
  std::exception_ptr failure;  ///< why, on such a rank

  [[nodiscard]] std::int64_t ranks_with(StepFlag flag) const {
    return flags[static_cast<std::size_t>(flag)];
  }
  /// The mean of a sum over the samples.
  [[nodiscard]] double mean(const ExactSum& sum) const {
    return sum.value() / static_cast<double>(samples);
  }
};

/// One thing that is trained (the whole network, a layer of it, a classifier) with all that its
/// updates take: reducer, gradient engine, optimizer, schedule. A step is gradient(), then
/// update(). Collective throughout; one construction a stage.
class Stage {
 public:
  /// `parameters` is the model's arena, complete on every rank, and outlives the stage, as do
  /// `model`, `plan` and `pool`. Throws the same Error on every rank: settings.
  Stage(const Communicator& communicator, const Trainable& model, const ShardPlan& plan,
        WorkerPool& pool, std::span<float> parameters, const StageSettings& settings);

  /// Starts the exchange of the gradient of one step and sums what all ranks must know. `flags` of
  /// this rank ride along.
  const StepTotals& gradient(SampleSource& source, std::uint64_t seed, std::uint32_t epoch,
                             Index step, StepFlags flags = {});
  /// The global norm of that gradient, before clipping.
  double gradient_norm();
  /// One update with that gradient, `norm` being its norm if it was asked for. Counts `step` from
  /// 0.
  void update(Index step, double learning_rate, std::optional<double> norm);
  /// Whether the norm is needed whatever the caller wants it for.
  [[nodiscard]] bool wants_norm() const { return settings_.clip_norm > 0; }

  /// What this rank holds for the stage, for the memory prediction.
  [[nodiscard]] Index gradient_bytes() const {
    return gradient_.size() * static_cast<Index>(sizeof(float));
  }
  [[nodiscard]] Index optimizer_bytes() const { return update_->bytes(); }
  [[nodiscard]] Index workspace_bytes() const { return engine_->bytes(); }
  [[nodiscard]] Index exchange_bytes() const { return reducer_->bytes(); }

  /// Where each worker's time goes; `recorders`, one a worker, outlive the stage.
  void record_phases(std::span<PhaseRecorder> recorders);

  [[nodiscard]] const StageSettings& settings() const { return settings_; }
  [[nodiscard]] const Trainable& model() const { return model_; }
  [[nodiscard]] const ShardPlan& plan() const { return plan_; }
  [[nodiscard]] std::span<float> parameters() const { return parameters_; }
  [[nodiscard]] Reducer& reducer() { return *reducer_; }
  /// The sum of the last gradient() in what this rank owns of each bucket whose reduction has been
  /// waited for.
  [[nodiscard]] std::span<const float> gradient_arena() const { return gradient_.span(); }
  [[nodiscard]] SegmentUpdate& segment() { return *update_; }
  [[nodiscard]] const Schedule& schedule() const { return *schedule_; }
  /// The parameters with what they will be used as: the running average when one is kept.
  /// Collective.
  [[nodiscard]] std::span<const float> parameters_in_use();
  /// Whether every parameter is finite. Collective.
  [[nodiscard]] bool is_finite();

  /// Seconds of worker 0 in the last gradient().
  [[nodiscard]] double compute_seconds() const { return sums_.compute_seconds; }
  /// Seconds in which this rank has waited for others since the last call.
  [[nodiscard]] double take_exchange_seconds() { return std::exchange(exchange_seconds_, 0.0); }

 private:
  Communicator communicator_;
  const Trainable& model_;
  const ShardPlan& plan_;
  std::span<float> parameters_;
  StageSettings settings_;
  Buffer<float> gradient_;
  Buffer<float> average_;
  std::unique_ptr<Schedule> schedule_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<Reducer> reducer_;
  std::unique_ptr<SegmentUpdate> update_;
  std::unique_ptr<GradientEngine> engine_;
  GradientEngine::StepSums sums_;
  StepTotals totals_;
  std::vector<std::int64_t> words_;
  PhaseRecorder* recorder_ = nullptr;  // of the main thread
  double exchange_seconds_ = 0;
};

}  // namespace hourglass
