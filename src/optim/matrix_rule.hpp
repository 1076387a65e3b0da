#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/phase_recorder.hpp"
#include "hourglass/core/matrix_view.hpp"
#include "hourglass/core/types.hpp"
#include "optim/quadratic_model.hpp"

namespace hourglass {

/// One step of one block.
struct MatrixStep {
  Index step = 1;                     ///< 1 for the first update
  bool refresh = true;                ///< roots or bases are computed anew
  PhaseRecorder* recorder = nullptr;  ///< of the calling worker; may be null
  /// The sums of the block's Kronecker factors over this step's samples, of rules that take them:
  /// their upper triangles, the lower ones are 0; empty in steps without.
  ConstMatrix left = {};   ///< rows x rows
  ConstMatrix right = {};  ///< columns x columns
  Index factor_count = 0;  ///< steps with factors so far, this one included
  double damping = 0;      ///< ModelState::damping
  double decay = 0;  ///< of the block's weights: MatrixRule::weight_decay() * its group's factor
  ModelSums* sums = nullptr;  ///< of the calling worker, of rules with combines()
};

/// The part of an update rule that works on whole weight matrices (out x in; convolutions unrolled)
/// or on blocks of them. A step of a matrix is: collect() on every run of it, where its floats are
/// owned; transform() of each block, by one worker of one rank, which keeps the block's state;
/// then Optimizer::update() on every run, from the transformed matrix. What transform() computes
/// depends on the block alone: not on the rank, the worker, or the other blocks. With combines()
/// the sums over all blocks come between it and complete().
class MatrixRule {
 public:
  /// A matrix that is kept of a block from step to step: a group below /optimizer in a checkpoint.
  /// All state starts at 0.
  struct State {
    std::string name;
    Index rows = 0;
    Index columns = 0;
  };
  virtual ~MatrixRule() = default;

  /// Whether collect() uses the state of the runs, Optimizer::state_names().
  [[nodiscard]] virtual bool keeps_moments() const { return false; }
  /// What a block is made from: scale * gradient, unless said otherwise.
  virtual void collect(float scale, std::span<const float> gradient,
                       std::span<float* const> moments, std::span<float> collected) const;

  /// Whether transform() needs the Kronecker factors of the weights (nn/kronecker_factors.hpp), and
  /// if so from every how many steps of an epoch; 0: not.
  [[nodiscard]] virtual Index factor_interval() const { return 0; }
  /// The largest side of a block; 0: matrices are not divided.
  [[nodiscard]] virtual Index largest_side() const { return 0; }
  /// Steps between two MatrixStep::refresh of a block, once they have grown to it
  /// (growing_interval()).
  [[nodiscard]] virtual Index interval() const { return 1; }
  /// The state of a block. The names are the same for all shapes.
  [[nodiscard]] virtual std::vector<State> states(Index rows, Index columns) const;
  [[nodiscard]] virtual Index scratch_floats(Index rows, Index columns) const = 0;
  /// FLOP of transform() in the mean over the steps, for the division of the work.
  [[nodiscard]] virtual double flops(Index rows, Index columns) const = 0;
  /// Replaces what was collected by the direction, of which `rate` times is subtracted. `scratch`
  /// has scratch_floats() of the block's shape. Returns how many decompositions needed more damping
  /// than set. Must not throw: it runs on a worker.
  [[nodiscard]] virtual Index transform(const MatrixStep& step, Matrix block,
                                        std::span<const Matrix> state,
                                        std::span<float> scratch) const = 0;

  /// Whether steps are compared with a quadratic model of the loss (engine/step_check.hpp), of
  /// which curvature() is a block's part.
  [[nodiscard]] virtual bool has_model() const { return false; }
  /// x^T C x of a change of the block's weights, C being the curvature before ModelState::scale;
  /// `factor_count` is MatrixStep's.
  [[nodiscard]] virtual double curvature(Index factor_count, double damping, ConstMatrix change,
                                         std::span<const Matrix> state,
                                         std::span<float> scratch) const;
  /// Whether transform() adds to MatrixStep::sums, and complete() makes the direction from what it
  /// has left in the block.
  [[nodiscard]] virtual bool combines() const { return false; }
  virtual void complete(const ModelWeights& weights, Matrix block,
                        std::span<const Matrix> state) const;
  /// Weight decay that collected floats contain, as an L2 penalty; then Optimizer::update() applies
  /// none to matrices.
  [[nodiscard]] virtual double weight_decay() const { return 0; }
};

/// n^3: the arithmetic of decompositions is a multiple of it.
[[nodiscard]] double cube(Index n);

}  // namespace hourglass
