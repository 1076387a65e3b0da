#pragma once

#include "exchange_lane.hpp"

namespace hourglass::detail {

/// The allgather: a bucket is done when `parameters` is complete in it and this rank's slice of it may change again.
class GatherLane final : public ExchangeLane {
 public:
  explicit GatherLane(Exchange& exchange);

 private:
  void post_receives(Index bucket, Index slot, int round, std::size_t group) override;
  void post_sends(Index bucket, int round, std::size_t group) override;
  void combine(Index bucket, Index slot, int round) override;
};

}  // namespace hourglass::detail
