#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "data/sample_source.hpp"
#include "data/shard_plan.hpp"
#include "engine/gradient_engine.hpp"
#include "engine/gradient_exchange.hpp"
#include "engine/recording.hpp"
#include "engine/sharded_optimizer.hpp"
#include "engine/stage_settings.hpp"
#include "engine/step_check.hpp"
#include "engine/worker_pool.hpp"
#include "hourglass/comm/communicator.hpp"
#include "model/trainable.hpp"
#include "optim/optimizer.hpp"

namespace hourglass {

/// The mean loss of a step over its samples.
struct StepLoss {
  double mean = 0;
  Index samples = 0;
};

/// Parameters that are updated from the gradients of a set of shards, by the ranks that have these,
/// with all that an update needs: exchange, gradient engine, optimizer state. All shards of a run
/// update one replica, unless steps are local: then each group of shards has its own. A step is
/// gradient(), then update() or skip(). Collective over the replica's ranks.
class Replica {
 public:
  /// `plan`: the replica's shards. `parameters`: complete on every rank of `communicator`. All
  /// references outlive this. `state_prefix`: see GradientExchangeSettings. Throws the same
  /// Error(usage) on every rank for bad settings.
  Replica(const Communicator& communicator, const Trainable& model, const ShardPlan& plan,
          const Optimizer& optimizer, WorkerPool& pool, std::span<float> parameters,
          const StageSettings& settings, const Recording& recording,
          const std::string& state_prefix = {});

  /// Computes the gradient of one step and starts its exchange. The sums are this rank's and stay
  /// until the next step.
  StepSums& gradient(SampleSource& source, std::uint64_t seed, std::uint32_t epoch, Index step,
                     const PenaltyFactors& factors, std::span<const std::int32_t> dead_units);
  /// Seconds of worker 0 in the last gradient().
  [[nodiscard]] double compute_seconds() const { return compute_seconds_; }
  /// The global norm of that gradient, before clipping.
  [[nodiscard]] double gradient_norm() { return exchange_.norm(); }
  /// One update with that gradient, number `step` (from 0) of those that are made. With
  /// Gather::later the parameters may be incomplete afterwards outside owned(), until
  /// complete_parameters() or the next gradient(). `loss`: of the samples of that gradient, for
  /// optimizers that compare it with the loss after the step.
  void update(Index step, double learning_rate, std::optional<double> norm,
              GradientExchange::Gather gather, const StepLoss& loss);
  /// Ends the step without an update.
  void skip();
  /// Waits until no message of the gradient is pending.
  void wait_for_gradient() {
    exchange_.wait();
    complete_parameters();
  }
  void complete_parameters() { exchange_.finish_gather(); }
  /// Between two steps: the arena of the gradient, for whatever else the caller computes. It need
  /// not be cleared.
  [[nodiscard]] std::span<float> borrow_gradient() {
    engine_.forget_gradient();
    return exchange_.scratch();
  }

  [[nodiscard]] const Communicator& communicator() const { return exchange_.communicator(); }
  [[nodiscard]] std::span<float> parameters() const { return exchange_.parameters(); }
  [[nodiscard]] GradientExchange& exchange() { return exchange_; }
  [[nodiscard]] const GradientExchange& exchange() const { return exchange_; }
  [[nodiscard]] ShardedOptimizer& optimizer() { return optimizer_; }
  [[nodiscard]] Index workspace_bytes() const { return engine_.bytes(); }

  [[nodiscard]] Index optimizer_bytes() const {
    return optimizer_.bytes() + (check_ ? check_->bytes() : 0);
  }

  /// What the updates carry from step to step, as a checkpoint holds it. load() throws the same
  /// Error on every rank of the replica: Error(data) naming the file for entries of its header that
  /// are not such.
  void store(StateHeader& header) const;
  [[nodiscard]] std::vector<StoredArena> stored(std::span<const StoredTensor> tensors) const;
  void load(const StateFile& file);

 private:
  const Trainable& model_;
  double clip_norm_;
  std::vector<Range> frozen_;
  GradientExchange exchange_;
  ShardedOptimizer optimizer_;
  GradientEngine engine_;
  std::unique_ptr<StepCheck> check_;  // of optimizers with a quadratic model
  bool hides_gather_;                 // whether update() may leave the gather to the next step
  double compute_seconds_ = 0;
};

}  // namespace hourglass
