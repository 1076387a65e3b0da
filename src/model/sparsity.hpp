#pragma once

#include "nn/selection.hpp"

namespace hourglass {

/// Sparse codes (sparse autoencoders, dictionary learning): plain data, off by default.
struct Sparsity {
  SelectionSpec selection;
  /// jump_relu: l0 sum over samples of the number of active units. l1 and gated take
  /// Regularization::l1.
  double l0 = 0;

  [[nodiscard]] bool on() const { return selection.kind != Selection::none; }
};

}  // namespace hourglass
