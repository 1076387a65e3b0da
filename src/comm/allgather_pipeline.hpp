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
    return increments_.size() * static_cast<Index>(sizeof(WireWord));
  }
  /// Where floats are sent encoded: see Reducer::increments.
  [[nodiscard]] std::span<WireWord> increments() { return increments_.span(); }

 private:
  void post_receives(Index bucket, Index slot, int round, std::size_t group) override;
  void post_sends(Index bucket, Index slot, int round, std::size_t group) override;
  void combine(Index bucket, Index slot, int round) override;

  Buffer<WireWord> increments_;  // an arena, encoded
};

}  // namespace hourglass::detail
