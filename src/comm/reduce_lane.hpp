#pragma once

#include <span>
#include <vector>

#include "comm/exchange_lane.hpp"
#include "core/buffer.hpp"
#include "core/tree_sum.hpp"

namespace hourglass::detail {

/// The reduce-scatter: a bucket is done when this rank's slice of it holds the sum over all leaves.
/// `sum` serves as scratch in the rest of the bucket.
class ReduceLane final : public ExchangeLane {
 public:
  explicit ReduceLane(Exchange& exchange);
  /// `parts`: this rank's nodes, in memory that stays until the bucket is done.
  void start(Index bucket, std::span<const BucketPart> parts);
  [[nodiscard]] Index bytes() const {
    return landing_.size() * static_cast<Index>(sizeof(float)) +
           (narrow_landing_.size() + narrow_sends_.size()) * static_cast<Index>(sizeof(Bfloat16));
  }

 private:
  void post_receives(Index bucket, Index slot, int round, std::size_t group) override;
  void post_sends(Index bucket, Index slot, int round, std::size_t group) override;
  void combine(Index bucket, Index slot, int round) override;
  // With a 16-bit wire: rounds a contribution into the slot's send buffer, and back what arrived.
  const Bfloat16* packed(Index slot, const float* contribution, Index size);
  const float* arrived_floats(Index slot, Index size);
  void add_half(Index bucket, Index slot, int round);
  void complete_tree(Index bucket, Index slot);

  const float*& part(Index bucket, Index index) {
    return parts_[static_cast<std::size_t>(bucket * node_count_ + index)];
  }
  const float* contribution(Index bucket, Index index, Index begin, int round);
  [[nodiscard]] float* landing(Index slot) { return landing_.data() + slot * slot_floats_; }

  Index node_count_;
  Index slot_floats_ = 0;
  Buffer<float>
      landing_;  // slot_floats_ a slot; with a 16-bit wire what arrived in one slot, as floats
  Buffer<Bfloat16> narrow_landing_;  // with a 16-bit wire: slot_floats_ a slot
  Buffer<Bfloat16> narrow_sends_;    // send_floats_ a slot
  Index send_floats_ = 0;
  std::vector<Index> packed_;        // floats packed into each slot's send buffer
  std::vector<const float*> parts_;  // bucket x own node
  std::vector<PartialSum> sums_;     // reused
};

}  // namespace hourglass::detail
