#pragma once

#include <cstdint>
#include <vector>

#include "data/sample_source.hpp"

namespace hourglass {

/// What a source gives for one shard and step.
struct Delivery {
  std::vector<float> x;
  std::vector<std::uint64_t> ids;
  bool operator==(const Delivery&) const = default;
};

inline Delivery gather(SampleSource& source, const SampleSourceSettings& settings, Index features,
                       Index shard, Index step) {
  const Index rows = settings.plan.positions(shard, step).size();
  Delivery result{std::vector<float>(static_cast<std::size_t>(rows * features), -9),
                  std::vector<std::uint64_t>(static_cast<std::size_t>(rows), 999999)};
  source.gather(shard, step, Matrix(result.x.data(), rows, features), result.ids);
  return result;
}

}  // namespace hourglass
