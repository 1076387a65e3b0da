#pragma once

#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

// Vectors kept at norm 1: the columns of a matrix, or its rows. Sums run over a vector's elements
// in their order, in double.

/// Scales every column to norm 1, but those that are 0.
void normalize_columns(Matrix matrix);
/// The same of rows.
void normalize_rows(Matrix matrix);

/// Removes from column j of `gradient` its part along column j of `matrix`, which has norm 1 or is
/// 0: g_j -= (g_j . w_j) w_j. What is left does not change the norm of w_j to first order.
void remove_parallel_columns(ConstMatrix matrix, Matrix gradient);
/// The same of rows.
void remove_parallel_rows(ConstMatrix matrix, Matrix gradient);

}  // namespace hourglass
