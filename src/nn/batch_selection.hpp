#pragma once

#include <cstdint>
#include <span>

#include "core/function_ref.hpp"
#include "hourglass/core/matrix_view.hpp"
#include "hourglass/core/types.hpp"
#include "nn/sparse_code.hpp"

namespace hourglass {

// The largest values of all samples of a global batch together (BatchTopK, Bussmann et al. 2024),
// spread over micro-batches and ranks. Values are counted in fixed ranges of their bits, which
// order positive floats like integers: ranges are refined until the smallest value that is kept is
// known exactly. Counts are integers and equal values are kept in the order of the global batch, so
// the result does not depend on ranks or threads. A NaN counts as larger than every number.

/// Rows of `code` from products z (rows x units) without bias: every unit that may be among the
/// `count` largest of relu(z + bias) of these rows and others. Leaves out what is smaller than
/// `count` values of these rows, so that few more than these are listed.
void select_candidates(ConstMatrix z, std::span<const float> bias, Index count, SparseCode& code);

/// The candidates of one micro-batch.
struct BatchPart {
  Index number = 0;  ///< of the micro-batch in the global batch
  SparseCode* code = nullptr;
};
/// Replaces counts by their sums over all ranks.
using SumOverRanks = FunctionRef<void(std::span<std::int64_t>)>;

/// How the units of each micro-batch are divided among ranks, which list candidates of their own.
struct UnitDivision {
  Index parts = 1;
  Index part = 0;  ///< this rank's, in the order of units
  Index rows = 0;  ///< of a micro-batch, at most
};

/// Keeps the `count` largest values of all ranks' parts, which are `parts` in number; of equal ones
/// those of lower numbered micro-batch, row and unit. Returns the smallest that is kept, 0 if there
/// is none. Collective.
float keep_largest(std::span<const BatchPart> own, Index parts, Index count, SumOverRanks sum,
                   const UnitDivision& units = {});

}  // namespace hourglass
