#pragma once

#include "optim/matrix_rule.hpp"
#include "optim/precondition_settings.hpp"

namespace hourglass {

/// The second-order statistics of a block's gradients G (out x in), every
/// n = growing_interval(t, statistics_share, --statistics-every) steps, with b = --statistics-decay
/// per step:
///   L = b^n L + (1 - b^n) G G^T  (out x out);  R = b^n R + (1 - b^n) G^T G  (in x in)
void update_statistics(const PreconditionSettings& settings, const MatrixStep& step,
                       ConstMatrix gradient, Matrix left, Matrix right);

}  // namespace hourglass
