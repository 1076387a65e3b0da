#pragma once

#include <span>
#include <vector>

#include "comm/bucket_pipeline.hpp"
#include "core/buffer.hpp"
#include "core/tree_sum.hpp"

namespace hourglass::detail {

/// The reduce-scatter: a bucket is done when this rank's slice of it holds the sum over all leaves.
/// The rest of the bucket in `sum` is scratch.
class ReduceScatterPipeline final : public BucketPipeline {
 public:
  explicit ReduceScatterPipeline(TreeExchange& exchange);
  /// `parts`: this rank's nodes, in memory that stays until the bucket is done.
  void start(Index bucket, std::span<const BucketPart> parts);
  [[nodiscard]] Index bytes() const {
    return (receive_buffer_.size() + send_buffer_.size()) * static_cast<Index>(sizeof(float)) +
           (wire_receive_buffer_.size() + wire_send_buffer_.size()) *
               static_cast<Index>(sizeof(WireWord));
  }

 private:
  void post_receives(Index bucket, Index slot, int round, std::size_t group) override;
  void post_sends(Index bucket, Index slot, int round, std::size_t group) override;
  void combine(Index bucket, Index slot, int round) override;
  // Encodes the carried part of a contribution to these floats of the arena into the slot's send
  // buffer, or copies it there.
  const WireWord* pack_for_wire(Index slot, const float* contribution, Range floats);
  const float* pack(Index slot, const float* contribution, Range floats);
  // `messages` of `size` floats each, the first at `offset` and the others `stride` further each,
  // decoded (until the next call) where they are sent encoded.
  const float* received(Index slot, Index offset, Index messages, Index stride, Index size);
  void add_received_sums(Index bucket, Index slot, int round);
  void complete_tree(Index bucket, Index slot);

  const float*& part(Index bucket, Index index) {
    return parts_[static_cast<std::size_t>(bucket * node_count_ + index)];
  }
  const float* contribution(Index bucket, Index index, Index begin, int round);
  [[nodiscard]] float* receive_buffer(Index slot) {
    return receive_buffer_.data() + slot * slot_floats_;
  }

  Index node_count_;
  Index slot_floats_ = 0;  // received per slot
  Index send_floats_ = 0;  // sent per slot
  // slot_floats_ per slot; where floats are sent encoded, the decoded ones of one slot.
  Buffer<float> receive_buffer_;
  Buffer<float> send_buffer_;  // send_floats_ per slot, to send parts of the arena
  // Where floats are sent encoded: the words of slot_floats_ and send_floats_ per slot.
  Buffer<WireWord> wire_receive_buffer_;
  Buffer<WireWord> wire_send_buffer_;
  std::vector<Index> packed_floats_;  // by slot: floats in its send buffer
  std::vector<const float*> parts_;   // bucket x own node
  std::vector<PartialSum> sums_;      // reused
};

}  // namespace hourglass::detail
