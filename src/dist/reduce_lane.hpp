#pragma once

#include <span>
#include <vector>

#include "exchange_lane.hpp"
#include "hourglass/core/buffer.hpp"
#include "hourglass/core/tree_sum.hpp"

namespace hourglass::detail {

/// The reduce-scatter: a bucket is done when this rank's slice of it holds the sum over all leaves. `sum` serves as scratch in
/// the rest of the bucket.
class ReduceLane final : public ExchangeLane {
 public:
  explicit ReduceLane(Exchange& exchange);
  /// `parts`: this rank's nodes, in memory that stays until the bucket is done.
  void start(Index bucket, std::span<const BucketPart> parts);

 private:
  void post_receives(Index bucket, Index slot, int round, std::size_t group) override;
  void post_sends(Index bucket, int round, std::size_t group) override;
  void combine(Index bucket, Index slot, int round) override;
  void add_half(Index bucket, Index slot, int round);
  void complete_tree(Index bucket, Index slot);

  const float*& part(Index bucket, Index index) { return parts_[static_cast<std::size_t>(bucket * node_count_ + index)]; }
  const float* contribution(Index bucket, Index index, Index begin, int round);
  [[nodiscard]] float* landing(Index slot) { return landing_.data() + slot * slot_floats_; }

  Index node_count_;
  Index slot_floats_ = 0;
  Buffer<float> landing_;            // slot_floats_ a slot
  std::vector<const float*> parts_;  // bucket x own node
  std::vector<PartialSum> sums_;     // reused
};

}  // namespace hourglass::detail
