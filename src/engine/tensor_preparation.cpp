#include "engine/tensor_preparation.hpp"

#include <algorithm>
#include <cmath>

namespace hourglass {

namespace {

std::span<const float> part(std::span<const float> arena, Range range) {
  return arena.subspan(static_cast<std::size_t>(range.begin),
                       static_cast<std::size_t>(range.size()));
}

}  // namespace

TensorPreparation::TensorPreparation(const Layout& layout, const Optimizer& optimizer,
                                     GradientExchange& exchange, WorkerPool& pool,
                                     std::span<const TensorGroup> groups,
                                     std::span<const std::vector<SegmentRun>> runs)
    : layout_(layout),
      optimizer_(optimizer),
      exchange_(exchange),
      pool_(pool),
      groups_(groups),
      runs_(runs),
      ratios_(layout.tensors().size(), 1.0) {
  if (optimizer_.layer_wise()) {
    norms_.resize(ratios_.size());
    sums_.resize(2 * ratios_.size());
  }
  if (!optimizer_.matrix_wise()) return;
  directions_ = Buffer<float>(layout.size());
  for (const auto& bucket : runs_) {
    for (const SegmentRun& run : bucket) {
      if (run.matrix && std::ranges::find(matrices_, run.slot) == matrices_.end())
        matrices_.push_back(run.slot);
    }
  }
  Index scratch_floats = 0;
  for (const Slot slot : matrices_) {
    const Matrix direction = direction_of(slot);
    scratch_floats = std::max(
        scratch_floats, optimizer_.orthogonalize_scratch_floats(direction.rows, direction.columns));
  }
  for (Index worker = 0; worker < std::min(pool_.size(), static_cast<Index>(matrices_.size()));
       ++worker)
    scratch_.emplace_back(scratch_floats);
}

void TensorPreparation::prepare(const UpdateStep& step, StateOf state_of) {
  if (optimizer_.layer_wise()) compute_ratios(step, state_of);
  if (optimizer_.matrix_wise()) compute_directions(step, state_of);
}

UpdateStep TensorPreparation::step_of(const SegmentRun& run, const UpdateStep& step) const {
  UpdateStep result = step;
  result.decay_factor = run.decay_factor;
  result.rate_factor = run.rate_factor * ratios_[static_cast<std::size_t>(run.slot)];
  result.matrix = run.matrix && optimizer_.matrix_wise();
  return result;
}

Matrix TensorPreparation::direction_of(Slot matrix) {
  const Tensor& tensor = layout_.tensor(matrix);
  const Index rows = tensor.shape.front();
  return {directions_.data() + tensor.offset, rows, tensor.size / rows};
}

void TensorPreparation::compute_ratios(const UpdateStep& step, StateOf state_of) {
  std::ranges::fill(ratios_, 1.0);
  for (TensorNorms& norms : norms_) {
    norms.parameters.clear();
    norms.direction.clear();
  }
  for (const auto& bucket : runs_) {
    for (const SegmentRun& run : bucket) {
      optimizer_.advance(step_of(run, step), part(exchange_.parameters(), run.range),
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

void TensorPreparation::compute_directions(const UpdateStep& step, StateOf state_of) {
  for (const auto& bucket : runs_) {
    for (const SegmentRun& run : bucket) {
      if (!run.matrix) continue;
      optimizer_.matrix_direction(
          step_of(run, step), part(exchange_.gradient(), run.range), state_of(run),
          directions_.span().subspan(static_cast<std::size_t>(run.range.begin),
                                     static_cast<std::size_t>(run.range.size())));
    }
  }
  exchange_.all_gather(directions_.span());
  // Every rank that owns a part of a matrix orthogonalises all of it; a matrix is one worker's.
  pool_.run([&](Index worker) {
    for (auto i = static_cast<std::size_t>(worker); i < matrices_.size();
         i += static_cast<std::size_t>(pool_.size())) {
      optimizer_.orthogonalize(direction_of(matrices_[i]),
                               scratch_[static_cast<std::size_t>(worker)].span());
    }
  });
}

}  // namespace hourglass
