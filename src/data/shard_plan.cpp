#include "data/shard_plan.hpp"

#include <algorithm>
#include <string>

#include "core/counted.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

Index ceiling_quotient(Index dividend, Index divisor) {
  return dividend / divisor + (dividend % divisor != 0 ? 1 : 0);
}

/// The items that remain of `size` after `step` whole micro-batches, at most one micro-batch.
/// Multiplies nothing that may overflow.
Index taken(Index size, Index micro_batch, Index step) {
  if (step > size / micro_batch) return 0;
  return std::min(size - step * micro_batch, micro_batch);
}

}  // namespace

ShardPlan::ShardPlan(Index samples, Index shards, Index micro_batch, Index groups)
    : samples_(samples),
      shards_(shards),
      micro_batch_(micro_batch),
      groups_(groups),
      all_shards_(shards) {
  if (micro_batch < 1) {
    throw Error(ErrorKind::usage,
                "--micro-batch is " + std::to_string(micro_batch) + ": it must be at least 1");
  }
  if (shards < 1) {
    throw Error(ErrorKind::usage,
                "a step needs at least one micro-batch: --batch must be a positive multiple of "
                "--micro-batch");
  }
  if (samples < 1)
    throw Error(ErrorKind::data, "the data set holds no samples: at least one row is needed");
  require(groups >= 1 && shards % groups == 0, "shards that groups do not divide evenly");
}

Index ShardPlan::steps_per_epoch() const {
  return ceiling_quotient(ceiling_quotient(samples_, all_shards_), micro_batch_);
}

Index ShardPlan::steps_with_samples() const {
  // Even parts have one of two sizes.
  const Index smaller = samples_ / all_shards_;
  const Index rows = shard_rows(shards_ - 1).end - shard_rows(0).begin;
  return ceiling_quotient(rows > shards_ * smaller ? smaller + 1 : smaller, micro_batch_);
}

Range ShardPlan::positions(Index shard, Index step) const {
  const Index size = shard_rows(shard).size();
  const Index count = taken(size, micro_batch_, step);
  const Index begin = count == 0 ? size : step * micro_batch_;
  return {begin, begin + count};
}

Index ShardPlan::samples_in_step(Index step) const {
  // Even parts have one of two sizes; as many as the remainder have the larger one.
  const Index smaller = samples_ / all_shards_;
  const Index rows = shard_rows(shards_ - 1).end - shard_rows(0).begin;
  const Index larger_count = rows - shards_ * smaller;
  return larger_count * taken(smaller + 1, micro_batch_, step) +
         (shards_ - larger_count) * taken(smaller, micro_batch_, step);
}

std::set<Index> ShardPlan::micro_batch_sizes() const {
  std::set<Index> sizes;
  // Even parts have one of two sizes: the first the smaller, the last the larger one.
  for (const Index rows : {shard_rows(0).size(), shard_rows(shards_ - 1).size()}) {
    if (rows >= micro_batch_) sizes.insert(micro_batch_);
    if (rows % micro_batch_ != 0) sizes.insert(rows % micro_batch_);
  }
  return sizes;
}

Range ShardPlan::shards_of_rank(Index rank, Index ranks) const {
  if (ranks > shards_) {
    throw Error(ErrorKind::usage, counted(shards_, "shard") + " cannot feed " +
                                      counted(ranks, "rank") + ": use at most " +
                                      counted(shards_, "rank") +
                                      ", a larger --batch or a smaller --micro-batch");
  }
  const Range groups = groups_of_rank(rank, ranks);
  const Index shards_per_group = shards_ / groups_;
  const Range shards = {groups.begin * shards_per_group, groups.end * shards_per_group};
  if (groups.size() > 1) return shards;
  const Range sharing = ranks_of_group(groups.begin, ranks);
  const Range part = even_part(shards_per_group, sharing.size(), rank - sharing.begin);
  return {shards.begin + part.begin, shards.begin + part.end};
}

ShardPlan ShardPlan::group(Index group) const {
  ShardPlan plan = *this;
  plan.shards_ = shards_ / groups_;
  plan.groups_ = 1;
  plan.first_shard_ = first_shard_ + group * plan.shards_;
  return plan;
}

Range ShardPlan::groups_of_rank(Index rank, Index ranks) const {
  if (ranks <= groups_) return even_part(groups_, ranks, rank);
  Index group = 0;
  while (even_part(ranks, groups_, group).end <= rank) ++group;
  return {group, group + 1};
}

Range ShardPlan::ranks_of_group(Index group, Index ranks) const {
  if (ranks > groups_) return even_part(ranks, groups_, group);
  Index rank = 0;
  while (even_part(groups_, ranks, rank).end <= group) ++rank;
  return {rank, rank + 1};
}

Range ShardPlan::rows_of_rank(Index rank, Index ranks) const {
  const Range shards = shards_of_rank(rank, ranks);
  return {shard_rows(shards.begin).begin, shard_rows(shards.end - 1).end};
}

}  // namespace hourglass
