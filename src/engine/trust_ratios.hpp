#pragma once

#include <span>
#include <vector>

#include "core/function_ref.hpp"
#include "core/layout.hpp"
#include "engine/gradient_exchange.hpp"
#include "engine/segment_runs.hpp"
#include "math/exact_sum.hpp"
#include "optim/optimizer.hpp"

namespace hourglass {

/// The trust ratios of layer-wise rules (LARS, LAMB), from exact sums over the ranks, which own
/// only parts of a tensor: neither ranks, threads nor buckets change a bit. Allocates on
/// construction only.
class TrustRatios {
 public:
  /// The optimizer state of a run, valid until the next call.
  using StateOf = FunctionRef<std::span<float* const>(const SegmentRun& run)>;

  /// The references outlive this; `groups` and `runs` are those of the segment, by
  /// tensor.
  TrustRatios(const Layout& layout, const Optimizer& optimizer, GradientExchange& exchange,
              std::span<const TensorGroup> groups, std::span<const std::vector<SegmentRun>> runs);

  /// Between the sum of the last bucket and the first update of a step. Collective.
  void compute(const UpdateStep& step, StateOf state_of);
  /// The ratio of a tensor in this step; 1 of other rules.
  [[nodiscard]] double of(Slot slot) const { return ratios_[static_cast<std::size_t>(slot)]; }

 private:
  const Optimizer& optimizer_;
  GradientExchange& exchange_;
  std::span<const TensorGroup> groups_;
  std::span<const std::vector<SegmentRun>> runs_;
  std::vector<double> ratios_;      // by slot
  std::vector<TensorNorms> norms_;  // by slot
  std::vector<ExactSum> sums_;      // of parameters and direction, by slot
};

}  // namespace hourglass
