#pragma once

#include "core/sparse_rows.hpp"
#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

// Products of sparse rows X (rows x inputs) with a dense weight W (outputs x inputs), touching only
// what is not zero of X. Vectorised over the outputs: a block of columns of W is transposed into
// the cache, and every row goes on from the element where it stopped in the block before; for dW
// the elements of a block are sorted by columns, so that sums stay in registers. An element of the
// result is a sum in the order of X's elements (over columns, or over rows), by fused
// multiply-adds, so it does not depend on where blocks end. On the calling thread alone; nothing is
// allocated.

/// Y = X W^T (rows x outputs).
void multiply_sparse(const SparseRows& x, ConstMatrix weight, Matrix y);

/// dW = dY^T X (outputs x inputs), dY being rows x outputs; added to dW with `add`. Zeros are
/// written where X has no element.
void multiply_transposed_sparse(ConstMatrix dy, const SparseRows& x, bool add, Matrix dw);

}  // namespace hourglass
