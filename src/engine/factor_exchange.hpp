#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "comm/reducer.hpp"
#include "core/buffer.hpp"
#include "engine/band_exchange.hpp"
#include "engine/matrix_plan.hpp"
#include "hourglass/comm/communicator.hpp"
#include "nn/kronecker_factors.hpp"

namespace hourglass {

/// The steps that have Kronecker factors: the first of each epoch, and every `interval` after it.
struct FactorSteps {
  Index interval = 1;   ///< MatrixRule::factor_interval()
  Index per_epoch = 0;  ///< steps of an epoch; 0: there is one epoch only

  [[nodiscard]] bool is_due(Index step_in_epoch) const { return step_in_epoch % interval == 0; }
  /// How many of the steps up to step `step` (from 1, over all epochs) have factors.
  [[nodiscard]] Index count(Index step) const;
};

/// Adds the Kronecker factors of a step over the ranks, along the tree of the gradient and always
/// in single precision, and hands each factor to the ranks that work on its weight: the same bits
/// on any number of ranks. A step is: set_sums() (or clear() in a
/// step without), then reduce(); all by the main thread. Nothing allocates after construction.
class FactorExchange {
 public:
  /// `leaves`: of the tree, micro-batches of a step. Collective.
  FactorExchange(const Communicator& communicator, FactorLayout layout, const FactorSteps& steps,
                 Index leaves, Index bucket_bytes);

  [[nodiscard]] const FactorLayout& layout() const { return layout_; }
  [[nodiscard]] const FactorSteps& steps() const { return steps_; }
  /// The arena as scratch, for one local sum.
  [[nodiscard]] std::span<float> scratch() { return arena_.span(); }

  /// The ranks that work on weights, by band of rows: they receive the weights' factors.
  /// Collective.
  void plan_receivers(std::span<const MatrixBand> bands);

  void clear() { has_sums_ = false; }
  /// This rank's maximal nodes, each an arena; their memory stays until reduce() returns.
  void set_sums(std::span<const BucketPart> nodes);
  [[nodiscard]] bool has_sums() const { return has_sums_; }
  /// Completes the factors of the weights that this rank works on. Collective.
  void reduce();
  /// After reduce(): blocks number `left` and `right` of the factors of a weight of this rank.
  [[nodiscard]] std::pair<ConstMatrix, ConstMatrix> factors(Slot weight, Index left,
                                                            Index right) const;

  [[nodiscard]] Index bytes() const;

 private:
  [[nodiscard]] ConstMatrix view(const FactorLayout::Block& block) const;

  Communicator communicator_;
  FactorLayout layout_;
  FactorSteps steps_;
  Buffer<float> arena_;
  std::unique_ptr<Reducer> reducer_;
  std::vector<Range> owned_;
  std::vector<MatrixBand> receivers_;
  std::unique_ptr<BandExchange> bands_;
  std::vector<BucketPart> nodes_;
  std::vector<BucketPart> parts_;  // of a bucket, reused
  bool has_sums_ = false;
};

}  // namespace hourglass
