#pragma once

#include <cstdint>
#include <string>

#include "hdf5/row_runs.hpp"
#include "hdf5/row_source.hpp"

namespace hourglass {

/// Whether an item (a row's number, a group's value) is held out: a Philox draw that depends on the
/// item and the seed alone. With folds every item is held out in exactly one of them.
[[nodiscard]] bool is_held_out(const RowSplit& split, std::uint64_t item);

/// Those of the chosen rows of `rows` that belong to views.part, in their order. What is drawn is
/// - a row, or
/// - with a data set of groups (whole numbers, one for each row of `rows`), the group, or
/// - with windows and without groups, a block of 16 windows' length, counted from the beginning of
///   its series: windows that share rows must not be on both sides.
/// `options` say how the groups are opened. Throws Error(data) for unfit groups and Error(usage)
/// when no row belongs to the part.
[[nodiscard]] RowRuns rows_of_part(const RowSource& rows, const RowRuns& chosen,
                                   const RowViews& views, const DatasetAddress& options);

}  // namespace hourglass
