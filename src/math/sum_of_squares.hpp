#pragma once

#include <span>

#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

/// The sum of squares of numbers, in double: in eight running sums, so that the registers of a
/// vector add in the written order and a sum has the same bits on every CPU.
[[nodiscard]] double sum_of_squares(std::span<const float> values);
/// The square of the Frobenius norm, row by row.
[[nodiscard]] double sum_of_squares(ConstMatrix m);

}  // namespace hourglass
