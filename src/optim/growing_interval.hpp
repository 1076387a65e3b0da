#pragma once

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Steps between two computations of what is kept for a while, about step `step` (from 1): the
/// largest power of two within step / `share`, at least 1 and at most `every`. What gradients tell
/// of a network changes fast at the start of training and slowly later, and so what was computed at
/// step t is used until about t (1 + 1 / share).
[[nodiscard]] Index growing_interval(Index step, Index share, Index every);

/// Shares of statistics, and of the roots and bases that are made from them.
inline constexpr Index statistics_share = 16;
inline constexpr Index roots_share = 4;

}  // namespace hourglass
