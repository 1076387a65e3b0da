#pragma once

#include "hourglass/core/types.hpp"

namespace hourglass {

/// The arithmetic of shards and steps: which rows belong to whom and when. A function of (N, S,
/// micro_batch), never of ranks. Step t of an epoch takes positions [t m, (t + 1) m) of every
/// shard's order; a shard's last micro-batch may be short or empty.
class ShardPlan {
 public:
  /// Throws Error(usage) when micro_batch < 1 or shards < 1, Error(data) when samples < 1. shards
  /// may exceed samples.
  ShardPlan(Index samples, Index shards, Index micro_batch);

  [[nodiscard]] Index samples() const { return samples_; }
  [[nodiscard]] Index shards() const { return shards_; }
  [[nodiscard]] Index micro_batch() const { return micro_batch_; }
  [[nodiscard]] Range shard_rows(Index shard) const { return even_part(samples_, shards_, shard); }
  [[nodiscard]] Index steps_per_epoch() const;
  /// Positions in the shard's order that step `step` (of the epoch) takes from it; may be empty.
  [[nodiscard]] Range positions(Index shard, Index step) const;
  /// Samples of all shards in this step: the gradient is divided by this number.
  [[nodiscard]] Index samples_in_step(Index step) const;
  /// The contiguous shards of a rank, and the contiguous rows they cover. Throws Error(usage) when
  /// ranks > shards.
  [[nodiscard]] Range shards_of_rank(Index rank, Index ranks) const;
  [[nodiscard]] Range rows_of_rank(Index rank, Index ranks) const;

 private:
  Index samples_;
  Index shards_;
  Index micro_batch_;
};

}  // namespace hourglass
