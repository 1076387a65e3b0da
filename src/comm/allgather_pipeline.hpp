#pragma once

#include "comm/bucket_pipeline.hpp"
#include "core/buffer.hpp"

namespace hourglass::detail {

/// The allgather: a bucket is done when its `parameters` are complete on this rank and this rank's
/// slice may change again.
class AllgatherPipeline final : public BucketPipeline {
 public:
  explicit AllgatherPipeline(TreeExchange& exchange);
  [[nodiscard]] Index bytes() const {
    return (increments_.size() + packed_words_.size()) * static_cast<Index>(sizeof(WireWord)) +
           packed_.size() * static_cast<Index>(sizeof(float));
  }
  /// Where floats are sent encoded: see Reducer::increments.
  [[nodiscard]] std::span<WireWord> increments() { return increments_.span(); }

 private:
  void post_receives(Index bucket, Index slot, int round, std::size_t group) override;
  void post_sends(Index bucket, Index slot, int round, std::size_t group) override;
  void combine(Index bucket, Index slot, int round) override;
  void unpack(Index bucket, Index slot, Range floats);
  void add_increments(Range floats);
  // Where the packed floats of a message lie in the slot's memory, counted in floats of the arena.
  [[nodiscard]] Index received_at(Index bucket, Index slot, Range floats) const {
    return slot * slot_floats_ + (floats.begin - range_of(bucket).begin);
  }
  [[nodiscard]] Index sent_at(Index slot, Index sent_before) const {
    return slot * slot_floats_ + receive_floats_ + sent_before;
  }

  Buffer<WireWord> increments_;  // an arena, encoded
  // To send parts of the arena: of each slot what is received, at its place in the bucket, then
  // what is sent in all rounds. The latter of the two holds encoded floats.
  Buffer<float> packed_;
  Buffer<WireWord> packed_words_;
  Index receive_floats_ = 0;
  Index slot_floats_ = 0;
  std::vector<Index> sent_floats_;  // by slot: of the rounds so far
};

}  // namespace hourglass::detail
