#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "core/buffer.hpp"
#include "core/phase_recorder.hpp"
#include "data/sample_source.hpp"
#include "data/shard_plan.hpp"
#include "engine/gradient_exchange.hpp"
#include "engine/outer_step.hpp"
#include "engine/recording.hpp"
#include "engine/replica.hpp"
#include "engine/sharded_optimizer.hpp"
#include "engine/stage_settings.hpp"
#include "engine/step_totals.hpp"
#include "engine/worker_pool.hpp"
#include "hourglass/comm/communicator.hpp"
#include "model/trainable.hpp"
#include "optim/optimizer.hpp"
#include "optim/schedule.hpp"

namespace hourglass {

/// One thing that is trained (the whole network, a layer of it, a classifier) with all that its
/// updates need: replicas of its parameters, schedule. A step is gradient(), then update().
/// Collective throughout.
///
/// Its parameters are those of its only replica. With local steps they are the outer weights, which
/// change in some updates only (engine/outer_step.hpp), and each group of shards has a replica.
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
  /// The global norm of that gradient, before clipping; of local steps, which are clipped by their
  /// own, the root mean square of the groups'.
  [[nodiscard]] double gradient_norm();
  /// Waits until no message of that gradient is pending, as must be before the parameters are used
  /// otherwise without update().
  void wait_for_gradient() {
    for (const auto& replica : replicas_) replica->wait_for_gradient();
  }
  /// One update with that gradient; `norm` is its norm when it was computed. `step` counts from 0.
  /// With Gather::later the parameters may be incomplete afterwards: gradient() completes them, and
  /// complete_parameters() must come before any other use of what is outside owned().
  void update(Index step, double learning_rate, std::optional<double> norm,
              GradientExchange::Gather gather = GradientExchange::Gather::now);
  /// Waits until the parameters are complete on this rank. Collective.
  void complete_parameters() {
    for (const auto& replica : replicas_) replica->complete_parameters();
  }
  /// Whether update() needs the norm.
  [[nodiscard]] bool wants_norm() const { return settings_.clip_norm > 0; }

  /// Bytes that this rank holds for the stage, for the memory prediction.
  [[nodiscard]] Index gradient_bytes() const;
  [[nodiscard]] Index optimizer_bytes() const;
  [[nodiscard]] Index workspace_bytes() const;
  [[nodiscard]] Index exchange_bytes() const;
  /// Of what stored() names at most, for copies of it.
  [[nodiscard]] Index stored_bytes() const;
  /// Of the groups' weights in local steps; otherwise 0.
  [[nodiscard]] Index replica_bytes() const;

  /// Begins to record where each worker's time goes; `recorders`, one per worker, outlive the
  /// stage.
  void record_phases(std::span<PhaseRecorder> recorders) { recording_.start(recorders); }

  [[nodiscard]] const StageSettings& settings() const { return settings_; }
  [[nodiscard]] const Trainable& model() const { return model_; }
  [[nodiscard]] const ShardPlan& plan() const { return plan_; }
  [[nodiscard]] std::span<float> parameters() const { return parameters_; }
  /// Those of the only replica, unless steps are local.
  [[nodiscard]] GradientExchange& exchange() { return replicas_.front()->exchange(); }
  [[nodiscard]] ShardedOptimizer& sharded_optimizer() { return replicas_.front()->optimizer(); }
  /// By bucket: the part of the arena that this rank updates. With local steps every rank has all.
  [[nodiscard]] std::span<const Range> owned() const {
    return outer_ ? whole_ : replicas_.front()->exchange().owned();
  }
  /// Of local steps, see OuterStep::spread(): that of the last epoch. Empty otherwise.
  [[nodiscard]] std::optional<double> group_spread() const {
    return outer_ ? std::optional(outer_->spread()) : std::nullopt;
  }
  [[nodiscard]] const Schedule& schedule() const { return *schedule_; }
  /// The parameters as they are to be used: their running average when one is kept. Collective.
  [[nodiscard]] std::span<const float> parameters_in_use();
  /// Whether every parameter is finite. Collective.
  [[nodiscard]] bool is_finite();

  /// Bytes that this rank has sent for gradients and parameters since the last call.
  [[nodiscard]] Index take_sent_bytes();
  /// The state of optimizers and exchanges as a checkpoint holds it; between two outer steps with
  /// the groups' weights. load() reads it and throws the same Error on every rank. Collective.
  [[nodiscard]] std::vector<StoredArena> stored(std::span<const StoredTensor> tensors) const;
  /// What the optimizer carries besides its arenas, as entries of a checkpoint's header.
  void store(StateHeader& header) const;
  void load(const StateFile& file);

  /// Seconds of worker 0 in the last gradient().
  [[nodiscard]] double compute_seconds() const { return compute_seconds_; }
  /// Seconds in which this rank has waited for others since the last call.
  [[nodiscard]] double take_exchange_seconds();

 private:
  void make_groups(WorkerPool& pool);
  [[nodiscard]] Range own_groups() const;

  Communicator communicator_;
  const Trainable& model_;
  const ShardPlan& plan_;
  std::span<float> parameters_;
  StageSettings settings_;
  Recording recording_;
  std::unique_ptr<Schedule> schedule_;
  std::unique_ptr<Optimizer> optimizer_;
  // Of local steps: plans and weights of this rank's groups.
  std::vector<ShardPlan> group_plans_;
  std::vector<Buffer<float>> group_parameters_;
  std::vector<std::unique_ptr<Replica>> replicas_;
  std::unique_ptr<OuterStep> outer_;
  std::vector<Range> whole_;         // the arena, for owned()
  bool groups_are_equal_ = true;     // no local step since the last outer step
  std::vector<double> norms_;        // by replica, of the last gradient_norm()
  std::vector<std::int64_t> words_;  // scratch of sums over ranks
  StepSums sums_;                    // of several replicas
  StepSummation summation_;
  Buffer<float> average_;
  double compute_seconds_ = 0;
  StepLoss loss_;  // of the last gradient()
};

}  // namespace hourglass
