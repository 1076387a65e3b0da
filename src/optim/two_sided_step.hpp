#pragma once

#include <span>

#include "optim/graft.hpp"
#include "optim/matrix_rule.hpp"

namespace hourglass {

/// A block's preconditioners (out x out, in x in), its momentum M (out x in), and the running mean
/// that Graft::keeps_variance() asks for, else empty.
struct TwoSidedState {
  ConstMatrix left;
  ConstMatrix right;
  Matrix momentum;
  Matrix variance;
};

/// With the gradient G in `block`: M = m M + G; G becomes D = left M right, scaled as `graft` says.
/// The factors of the products are rounded with `bfloat16`. `scratch` has
/// two_sided_scratch_floats() of the block's shape.
void take_two_sided_step(const MatrixStep& step, const Graft& graft, double momentum, bool bfloat16,
                         const TwoSidedState& state, Matrix block, std::span<float> scratch);
[[nodiscard]] Index two_sided_scratch_floats(Index rows, Index columns);
/// FLOP of the two products.
[[nodiscard]] double two_sided_flops(Index rows, Index columns);

}  // namespace hourglass
