#pragma once

#include "comm/exchange_lane.hpp"
#include "core/buffer.hpp"

namespace hourglass::detail {

/// The allgather: a bucket is done when `parameters` is complete in it and this rank's slice of it
/// may change again.
class GatherLane final : public ExchangeLane {
 public:
  explicit GatherLane(Exchange& exchange);
  /// With a 16-bit wire: what travels instead of parameters.
  [[nodiscard]] Index bytes() const {
    return increments_.size() * static_cast<Index>(sizeof(Bfloat16));
  }
  [[nodiscard]] std::span<Bfloat16> increments() { return increments_.span(); }

 private:
  void post_receives(Index bucket, Index slot, int round, std::size_t group) override;
  void post_sends(Index bucket, Index slot, int round, std::size_t group) override;
  void combine(Index bucket, Index slot, int round) override;

  Buffer<Bfloat16> increments_;  // an arena
};

}  // namespace hourglass::detail
