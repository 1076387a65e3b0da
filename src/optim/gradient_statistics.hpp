#pragma once

#include <span>

#include "optim/matrix_rule.hpp"
#include "optim/precondition_settings.hpp"

namespace hourglass {

/// The second-order statistics of a block's gradients G (out x in), every
/// n = growing_interval(t, statistics_share, --statistics-every) steps, with b = --statistics-decay
/// per step:
///   L = b^n L + (1 - b^n) G G^T  (out x out);  R = b^n R + (1 - b^n) G^T G  (in x in)
/// With `bfloat16`, G is rounded in them. `scratch` has statistics_scratch_floats() of G's shape.
void update_statistics(const PreconditionSettings& settings, const MatrixStep& step, bool bfloat16,
                       ConstMatrix gradient, Matrix left, Matrix right, std::span<float> scratch);
[[nodiscard]] Index statistics_scratch_floats(Index rows, Index columns);

}  // namespace hourglass
