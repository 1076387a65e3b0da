#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "core/tree_sum.hpp"
#include "data/shard_plan.hpp"
#include "engine/gradient_exchange.hpp"
#include "engine/recording.hpp"
#include "engine/replica.hpp"
#include "engine/sharded_optimizer.hpp"
#include "engine/stage_settings.hpp"
#include "engine/worker_pool.hpp"
#include "hourglass/comm/communicator.hpp"
#include "math/exact_sum.hpp"
#include "model/trainable.hpp"
#include "optim/optimizer.hpp"

namespace hourglass {

/// The outer step of local SGD (DiLoCo: Douillard et al. 2023, arXiv:2311.08105). G groups of
/// shards have made H local steps from the outer weights w to weights w_g. Then, with rate r and
/// momentum m,
///   d = 1/G sum over g of (w - w_g)
///   b = m b + d
///   w = w - r (d + m b)
/// and every group goes on from w with its optimizer's state as it is. The sum follows the tree of
/// core/tree_sum.hpp with the groups as leaves, so that w has the same bits on any number of ranks.
///
/// The first rank of each group, or every rank where ranks have whole groups, is a leader: leaders
/// exchange the differences and share the update, the others of a group get w from its leader.
class OuterStep {
 public:
  /// `plan`: that of all groups. `parameters`: w, complete on every rank. `group`: the ranks of
  /// this rank's groups, of which the first is the leader. All references outlive this. Collective.
  OuterStep(const Communicator& communicator, const Communicator& group, const Trainable& model,
            const ShardPlan& plan, WorkerPool& pool, std::span<float> parameters,
            const StageSettings& settings, const Recording& recording);

  /// Whether one follows local step `step` of the epoch: after every H-th, and after the last.
  [[nodiscard]] bool is_due(Index step) const {
    return (step + 1) % settings_.every == 0 || step + 1 == plan_.steps_per_epoch();
  }
  /// Makes one from this rank's replicas, whose updates are complete and whose parameters become w.
  /// Collective.
  void make(std::span<const std::unique_ptr<Replica>> replicas, bool measures_spread);
  /// How far the groups' steps differed in the last one that was measured:
  ///   sqrt(mean over g of |w_g - mean of w_g|^2 / mean over g of |w_g - w|^2),
  /// 0 when all groups moved alike, sqrt(1 - 1/G) when independently of each other.
  [[nodiscard]] double spread() const { return spread_; }

  /// The momentum as a checkpoint holds it. load() throws the same Error on all leaders.
  [[nodiscard]] std::vector<StoredArena> stored(std::span<const StoredTensor> tensors) const;
  void load(const StateFile& file);
  /// Bytes of the momentum, and of the exchange.
  [[nodiscard]] Index optimizer_bytes() const { return update_ ? update_->bytes() : 0; }
  [[nodiscard]] Index exchange_bytes() const {
    return exchange_ ? exchange_->gradient_bytes() + exchange_->buffer_bytes() : 0;
  }
  /// Bytes that this rank has sent to other leaders since the last call.
  [[nodiscard]] Index take_sent_bytes() { return exchange_ ? exchange_->take_sent_bytes() : 0; }
  /// Seconds in which this rank has waited for others since the last call.
  [[nodiscard]] double take_waited_seconds();

 private:
  void subtract(std::span<const std::unique_ptr<Replica>> replicas, bool measures);
  void add_differences();
  void measure_spread();

  Communicator communicator_;
  Communicator group_;
  const Trainable& model_;
  const ShardPlan& plan_;
  WorkerPool& pool_;
  std::span<float> parameters_;
  LocalStepSettings settings_;
  std::vector<Range> frozen_;
  const Recording& recording_;
  Range own_groups_;
  std::vector<Range> nodes_;  // maximal ones of this rank's groups
  std::unique_ptr<Optimizer> optimizer_;
  std::optional<GradientExchange> exchange_;  // of leaders
  std::optional<ShardedOptimizer> update_;
  std::vector<std::vector<PartialSum>> terms_;  // by worker
  std::vector<BucketPart> parts_;
  std::vector<std::span<float>> differences_;  // w - w_g by group of this rank, arenas
  std::vector<ExactSum> squares_;              // by worker, of the differences
  double spread_ = 0;
  double waited_seconds_ = 0;
};

}  // namespace hourglass
