#pragma once

#include <span>
#include <vector>

#include "core/buffer.hpp"
#include "core/function_ref.hpp"
#include "core/layout.hpp"
#include "engine/gradient_exchange.hpp"
#include "engine/segment_runs.hpp"
#include "engine/worker_pool.hpp"
#include "math/exact_sum.hpp"
#include "optim/optimizer.hpp"

namespace hourglass {

/// What an update rule needs of whole tensors, of which a rank owns parts only: trust ratios (LARS,
/// LAMB) from exact sums over ranks, and orthogonalised directions (Muon) from gathered matrices.
/// Neither ranks, threads nor buckets change a bit. Allocates on construction only.
class TensorPreparation {
 public:
  /// The optimizer state of a run, valid until the next call.
  using StateOf = FunctionRef<std::span<float* const>(const SegmentRun& run)>;

  /// `layout` and the references outlive this; `groups` and `runs` are those of the segment, by
  /// tensor.
  TensorPreparation(const Layout& layout, const Optimizer& optimizer, GradientExchange& exchange,
                    WorkerPool& pool, std::span<const TensorGroup> groups,
                    std::span<const std::vector<SegmentRun>> runs);

  /// Between the sum of the last bucket and the first update of a step. Collective.
  void prepare(const UpdateStep& step, StateOf state_of);

  /// The step as this run's tensor gets it.
  [[nodiscard]] UpdateStep step_of(const SegmentRun& run, const UpdateStep& step) const;
  /// What update() of the optimizer takes for the gradient of a run with UpdateStep::matrix: an
  /// arena. Empty without a matrix-wise rule.
  [[nodiscard]] std::span<const float> directions() const { return directions_.span(); }

 private:
  [[nodiscard]] Matrix direction_of(Slot matrix);
  void compute_ratios(const UpdateStep& step, StateOf state_of);
  void compute_directions(const UpdateStep& step, StateOf state_of);

  const Layout& layout_;
  const Optimizer& optimizer_;
  GradientExchange& exchange_;
  WorkerPool& pool_;
  std::span<const TensorGroup> groups_;
  std::span<const std::vector<SegmentRun>> runs_;
  std::vector<double> ratios_;          // by slot
  std::vector<TensorNorms> norms_;      // by slot
  std::vector<ExactSum> sums_;          // of parameters and direction, by slot
  Buffer<float> directions_;            // an arena
  std::vector<Slot> matrices_;          // of which this rank owns a part
  std::vector<Buffer<float>> scratch_;  // by worker, for the largest matrix
};

}  // namespace hourglass
