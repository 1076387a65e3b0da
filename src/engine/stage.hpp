#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "config/config.hpp"
#include "core/buffer.hpp"
#include "core/phase_recorder.hpp"
#include "data/sample_source.hpp"
#include "data/shard_plan.hpp"
#include "engine/gradient_engine.hpp"
#include "engine/gradient_exchange.hpp"
#include "engine/recording.hpp"
#include "engine/sharded_optimizer.hpp"
#include "engine/step_check.hpp"
#include "engine/step_totals.hpp"
#include "engine/worker_pool.hpp"
#include "hourglass/comm/communicator.hpp"
#include "model/frozen.hpp"
#include "model/trainable.hpp"
#include "optim/optimizer.hpp"
#include "optim/schedule.hpp"
#include "optim/update_settings.hpp"

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
  bool overlap = true;  ///< see GradientEngineSettings::overlap
  Frozen frozen = {};   ///< parameters that stay as they are
  SparseExchange sparse_exchange = SparseExchange::automatic;
  /// Of a dictionary that is divided among ranks, else null; it outlives the stage.
  DictionaryShards* shards = nullptr;
};

/// One thing that is trained (the whole network, a layer of it, a classifier) with all that its
/// updates need: exchange, gradient engine, optimizer, schedule. A step is gradient(), then
/// update(). Collective throughout.
class Stage {
 public:
  /// `parameters` is the model's arena, complete on every rank; it outlives the stage, as do
  /// `model`, `plan` and `pool`. Throws the same Error(usage) on every rank for bad settings.
  Stage(const Communicator& communicator, const Trainable& model, const ShardPlan& plan,
        WorkerPool& pool, std::span<float> parameters, const StageSettings& settings);

  /// Computes the gradient of one step, starts its exchange and sums the losses over the ranks,
  /// with `flags` of this rank; `factors` are those of penalty weights in this update, `dead_units`
  /// those of PassContext.
  const StepTotals& gradient(SampleSource& source, std::uint64_t seed, std::uint32_t epoch,
                             Index step, StepFlags flags = {}, const PenaltyFactors& factors = {},
                             std::span<const std::int32_t> dead_units = {});
  /// The global norm of that gradient, before clipping.
  [[nodiscard]] double gradient_norm() { return exchange_->norm(); }
  /// Waits until no message of that gradient is pending, as must be before the parameters are used
  /// otherwise without update().
  void wait_for_gradient() {
    exchange_->wait();
    complete_parameters();
  }
  /// One update with that gradient; `norm` is its norm when it was computed. `step` counts from 0.
  /// With Gather::later the parameters may be incomplete afterwards: gradient() completes them, and
  /// complete_parameters() must come before any other use of what is outside owned().
  void update(Index step, double learning_rate, std::optional<double> norm,
              GradientExchange::Gather gather = GradientExchange::Gather::now);
  /// Waits until the parameters are complete on this rank. Collective.
  void complete_parameters() { exchange_->finish_gather(); }
  /// Whether update() needs the norm.
  [[nodiscard]] bool wants_norm() const { return settings_.clip_norm > 0; }

  /// Bytes that this rank holds for the stage, for the memory prediction.
  [[nodiscard]] Index gradient_bytes() const { return exchange_->gradient_bytes(); }
  [[nodiscard]] Index optimizer_bytes() const {
    return sharded_optimizer_->bytes() + (check_ ? check_->bytes() : 0);
  }
  [[nodiscard]] Index workspace_bytes() const { return engine_->bytes(); }
  [[nodiscard]] Index exchange_bytes() const { return exchange_->buffer_bytes(); }

  /// Begins to record where each worker's time goes; `recorders`, one per worker, outlive the
  /// stage.
  void record_phases(std::span<PhaseRecorder> recorders) { recording_.start(recorders); }

  [[nodiscard]] const StageSettings& settings() const { return settings_; }
  [[nodiscard]] const Trainable& model() const { return model_; }
  [[nodiscard]] const ShardPlan& plan() const { return plan_; }
  [[nodiscard]] std::span<float> parameters() const { return exchange_->parameters(); }
  [[nodiscard]] GradientExchange& exchange() { return *exchange_; }
  /// By bucket: the part of the arena that this rank updates.
  [[nodiscard]] std::span<const Range> owned() const { return exchange_->owned(); }
  [[nodiscard]] ShardedOptimizer& sharded_optimizer() { return *sharded_optimizer_; }
  [[nodiscard]] const Schedule& schedule() const { return *schedule_; }
  /// What the optimizer carries from step to step besides its arenas, as entries of a checkpoint's
  /// header. load() throws Error(data) naming the file when they are not such entries.
  void store(StateHeader& header) const;
  void load(const StateFile& file);
  /// The parameters as they are to be used: their running average when one is kept. Collective.
  [[nodiscard]] std::span<const float> parameters_in_use();
  /// Whether every parameter is finite. Collective.
  [[nodiscard]] bool is_finite();

  /// Bytes that this rank has sent for gradients and parameters since the last call.
  [[nodiscard]] Index take_sent_bytes() { return exchange_->take_sent_bytes(); }
  /// Seconds of worker 0 in the last gradient().
  [[nodiscard]] double compute_seconds() const { return compute_seconds_; }
  /// Seconds in which this rank has waited for others since the last call.
  [[nodiscard]] double take_exchange_seconds() { return exchange_->take_waited_seconds(); }

 private:
  Communicator communicator_;
  const Trainable& model_;
  const ShardPlan& plan_;
  StageSettings settings_;
  Recording recording_;
  std::unique_ptr<Schedule> schedule_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<GradientExchange> exchange_;
  std::unique_ptr<ShardedOptimizer> sharded_optimizer_;
  std::unique_ptr<GradientEngine> engine_;
  std::unique_ptr<StepCheck> check_;  // of optimizers with a quadratic model
  bool hides_gather_ = false;         // whether update() may leave the gather to the next step
  StepSummation summation_;
  Buffer<float> average_;
  double compute_seconds_ = 0;
  // Of the last gradient: the mean loss, and its samples.
  double loss_ = 0;
  Index samples_ = 0;
};

}  // namespace hourglass
