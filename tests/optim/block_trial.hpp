#pragma once

#include <vector>

#include "core/buffer.hpp"
#include "hourglass/core/matrix_view.hpp"
#include "optim/matrix_rule.hpp"

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
    return rule.transform({step, refresh, nullptr}, block, views_, scratch_.span());
  }
  [[nodiscard]] Matrix state(std::size_t place) const { return views_[place]; }

 private:
  std::vector<Buffer<float>> values_;
  std::vector<Matrix> views_;
  Buffer<float> scratch_;
};

}  // namespace hourglass::test
