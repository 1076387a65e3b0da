#pragma once

#include <cstdint>
#include <vector>

#include "core/buffer.hpp"
#include "hourglass/core/matrix_view.hpp"
#include "math/symmetric.hpp"
#include "optim/matrix_rule.hpp"
#include "optim/quadratic_model.hpp"
#include "optim/trial.hpp"

namespace hourglass::test {

/// A block of a matrix under a MatrixRule, with its state: what MatrixDirections keeps of it.
class BlockTrial {
 public:
  /// Transforms the block of step `step` and returns the failures; the first call allocates.
  Index transform(const MatrixRule& rule, Index step, Matrix block) {
    if (scratch_.empty()) {
      for (const MatrixRule::State& state : rule.states(block.rows, block.columns)) {
        values_.emplace_back(state.rows * state.columns);
        views_.emplace_back(values_.back().data(), state.rows, state.columns);
      }
      scratch_ = Buffer<float>(rule.scratch_floats(block.rows, block.columns));
    }
    const bool refresh = step == 1 || step % rule.interval() == 0;
    MatrixStep matrix_step{step, refresh, nullptr};
    Buffer<float> left;
    Buffer<float> right;
    if (rule.factor_interval() > 0) matrix_step.factor_count = factor_count(rule, step);
    if (rule.factor_interval() > 0 && (step - 1) % rule.factor_interval() == 0) {
      left = factor(block.rows, step);
      right = factor(block.columns, step + 1000);
      matrix_step.left = {left.data(), block.rows, block.rows};
      matrix_step.right = {right.data(), block.columns, block.columns};
    }
    ModelSums sums;
    matrix_step.damping = model.damping;
    matrix_step.decay = rule.weight_decay();
    matrix_step.sums = &sums;
    const Index failures = rule.transform(matrix_step, block, views_, scratch_.span());
    if (rule.combines()) rule.complete(minimize(sums, model), block, views_);
    return failures;
  }
  /// Of a change of the block, after the first transform().
  double curvature(const MatrixRule& rule, Index step, double damping, ConstMatrix change) {
    return rule.curvature(factor_count(rule, step), damping, change, views_, scratch_.span());
  }
  /// Steps up to `step` with factors.
  static Index factor_count(const MatrixRule& rule, Index step) {
    return (step - 1) / rule.factor_interval() + 1;
  }
  /// A Kronecker factor of n x n, a function of `item`.
  static Buffer<float> factor(Index n, Index item) {
    const auto rows =
        normal_numbers(static_cast<std::size_t>((n + 3) * n), static_cast<std::uint64_t>(item));
    Buffer<float> result(n * n);
    symmetric_product(true, 0.1F, ConstMatrix(rows.data(), n + 3, n), 0,
                      Matrix(result.data(), n, n));
    return result;
  }
  [[nodiscard]] Matrix state(std::size_t place) const { return views_[place]; }

  ModelState model;  ///< of the steps, whose model is that of this block alone

 private:
  std::vector<Buffer<float>> values_;
  std::vector<Matrix> views_;
  Buffer<float> scratch_;
};

}  // namespace hourglass::test
