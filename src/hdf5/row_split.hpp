#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/row_runs.hpp"
#include "hdf5/hdf5.hpp"

namespace hourglass {

/// Whether an item (a row's number, a group's value) is held out: a Philox draw that depends on the
/// item and the seed alone. With folds every item is held out in exactly one of them.
[[nodiscard]] bool is_held_out(const RowSplit& split, std::uint64_t item);

/// Rows to choose from: of a data set, or of several as one.
struct RowsOfData {
  std::string name;  ///< for messages
  Index rows = 0;
  std::vector<Index> series = {0};  ///< see RowSource::series()
};

/// Whether views choose some of the rows.
[[nodiscard]] bool chooses_rows(const RowViews& views);

/// The rows that views.rows and views.part choose, in the order of the choice. To part them,
/// what is drawn is
/// - a row, or
/// - with a data set of groups (whole numbers, one for each row), the group, or
/// - with windows and without groups, a block of 16 windows' length, counted from the beginning of
///   its series: windows that share rows must not be on both sides.
/// `options` say how masks, indices and groups are opened. Throws as select_indices(), Error(data)
/// for unfit groups and Error(usage) when no row belongs to the part.
[[nodiscard]] RowRuns chosen_rows(const RowsOfData& data, const RowViews& views,
                                  const DatasetAddress& options);

}  // namespace hourglass
