#pragma once

#include <set>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// The arithmetic of shards and steps: which rows belong to whom and when. A function of (N, S,
/// micro_batch), never of ranks. Step t of an epoch takes positions [t m, (t + 1) m) of every
/// shard's order; a shard's last micro-batch may be short or empty.
///
/// For local steps the shards are divided into G groups of S / G neighbours. Ranks then take whole
/// groups, or part of one group: up to G ranks take the groups evenly, and more ranks are
/// divided evenly among the groups, and those of a group share its shards.
class ShardPlan {
 public:
  /// Throws Error(usage) when micro_batch < 1 or shards < 1, Error(data) when samples < 1. shards
  /// may exceed samples, and are a multiple of `groups`.
  ShardPlan(Index samples, Index shards, Index micro_batch, Index groups = 1);

  [[nodiscard]] Index samples() const { return samples_; }
  [[nodiscard]] Index shards() const { return shards_; }
  [[nodiscard]] Index micro_batch() const { return micro_batch_; }
  [[nodiscard]] Range shard_rows(Index shard) const {
    return even_part(samples_, all_shards_, first_shard_ + shard);
  }
  [[nodiscard]] Index steps_per_epoch() const;
  /// The first steps of an epoch, as many as have samples: of a group, all or all but the last.
  [[nodiscard]] Index steps_with_samples() const;
  /// Positions in the shard's order that step `step` (of the epoch) takes from it; may be empty.
  [[nodiscard]] Range positions(Index shard, Index step) const;
  /// Samples of all shards in this step: the gradient is divided by this number.
  [[nodiscard]] Index samples_in_step(Index step) const;
  /// The numbers of samples that a micro-batch may have, without 0: at most three, ascending.
  [[nodiscard]] std::set<Index> micro_batch_sizes() const;
  /// The contiguous shards of a rank, and the contiguous rows they cover. Throws Error(usage) when
  /// ranks > shards.
  [[nodiscard]] Range shards_of_rank(Index rank, Index ranks) const;
  [[nodiscard]] Range rows_of_rank(Index rank, Index ranks) const;

  [[nodiscard]] Index groups() const { return groups_; }
  /// The shards of one group, numbered from 0, in the same steps; samples() stays that of all.
  [[nodiscard]] ShardPlan group(Index group) const;
  /// What is to be added to a shard's number for its number among those of all groups.
  [[nodiscard]] Index first_shard() const { return first_shard_; }
  /// The groups whose shards a rank has, at least one.
  [[nodiscard]] Range groups_of_rank(Index rank, Index ranks) const;
  /// The ranks that have a group's shards, at least one.
  [[nodiscard]] Range ranks_of_group(Index group, Index ranks) const;

 private:
  Index samples_;
  Index shards_;
  Index micro_batch_;
  Index groups_;
  // Of a group: its place among the shards of all groups.
  Index first_shard_ = 0;
  Index all_shards_;
};

}  // namespace hourglass
