#include "engine/trust_ratios.hpp"

#include <algorithm>
#include <cmath>

namespace hourglass {

namespace {

std::span<const float> part(std::span<const float> arena, Range range) {
  return arena.subspan(static_cast<std::size_t>(range.begin),
                       static_cast<std::size_t>(range.size()));
}

}  // namespace

TrustRatios::TrustRatios(const Layout& layout, const Optimizer& optimizer,
                         GradientExchange& exchange, std::span<const TensorGroup> groups,
                         std::span<const std::vector<SegmentRun>> runs)
    : optimizer_(optimizer),
      exchange_(exchange),
      groups_(groups),
      runs_(runs),
      ratios_(layout.tensors().size(), 1.0) {
  if (!optimizer_.layer_wise()) return;
  norms_.resize(ratios_.size());
  sums_.resize(2 * ratios_.size());
}

void TrustRatios::compute(const UpdateStep& step, StateOf state_of) {
  std::ranges::fill(ratios_, 1.0);
  for (TensorNorms& norms : norms_) {
    norms.parameters.clear();
    norms.direction.clear();
  }
  for (const auto& bucket : runs_) {
    for (const SegmentRun& run : bucket) {
      UpdateStep run_step = step;
      run_step.decay_factor = run.decay_factor;
      run_step.rate_factor = run.rate_factor;
      optimizer_.advance(run_step, part(exchange_.parameters(), run.range),
                         part(exchange_.gradient(), run.range), state_of(run),
                         norms_[static_cast<std::size_t>(run.slot)]);
    }
  }
  for (std::size_t slot = 0; slot < norms_.size(); ++slot) {
    sums_[2 * slot] = norms_[slot].parameters;
    sums_[2 * slot + 1] = norms_[slot].direction;
  }
  exchange_.sum_over_owners(sums_);
  for (const TensorGroup& group : groups_) {
    if (!group.matrix) continue;
    const auto slot = static_cast<std::size_t>(group.slot);
    UpdateStep tensor_step = step;
    tensor_step.decay_factor = group.decay_factor;
    ratios_[slot] = optimizer_.trust_ratio(tensor_step, std::sqrt(sums_[2 * slot].value()),
                                           std::sqrt(sums_[2 * slot + 1].value()));
  }
}

}  // namespace hourglass
