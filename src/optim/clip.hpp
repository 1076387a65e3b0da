#pragma once

#include <span>

#include "math/exact_sum.hpp"

namespace hourglass {

/// Adds the sum of squares of `gradient`, a run of whole 64-float cells, to `sum`: each cell is
/// summed in double in a fixed order, the cells exactly, so that the norm does not depend on how
/// the arena is cut into runs.
void add_sum_of_squares(std::span<const float> gradient, ExactSum& sum);

/// The factor that brings a gradient of this global norm to at most `limit`: min(1, limit / norm)
/// (Pascanu et al. 2013). limit <= 0 means no clipping (1).
[[nodiscard]] float clip_factor(double norm, double limit);

}  // namespace hourglass
