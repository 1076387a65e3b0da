#pragma once

#include "core/bfloat16.hpp"
#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

/// to = from^T; the matrices do not overlap.
void transpose(ConstMatrix from, Matrix to);
void transpose(MatrixView<const Bfloat16> from, MatrixView<Bfloat16> to);

}  // namespace hourglass
