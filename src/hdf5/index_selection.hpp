#pragma once

#include <string>
#include <vector>

#include "core/row_runs.hpp"
#include "hdf5/hdf5.hpp"

namespace hourglass {

/// What a selection chooses from.
struct Selectable {
  std::string option;              ///< "--select-rows", for messages
  std::string noun;                ///< "row" or "column"
  std::string data;                ///< the data set's name, for messages
  Index total = 0;                 ///< rows or columns that it has
  std::vector<std::string> names;  ///< of the columns; empty when they have none
  bool repeats = true;             ///< the same one may be chosen twice
};

/// The rows or columns that a text chooses, in its order. Its items, separated by commas:
///   7          number 7, from 0; -1 is the last
///   10:20      numbers 10 to 19; 10: all from 10 on; -5: the last five
///   0:100:4    every fourth of them
///   FILE.h5:/path  a one-dimensional data set: booleans (or 0 and 1 in 8 bits), one for each of
///                  `total`, or whole numbers, which are indices
///   NAME       the column of that name
///   all        every one
/// `options` say how the data set is opened. Throws Error(usage) for an item that is none of these,
/// for numbers outside of the data and when nothing is chosen; Error(data) for an unfit data set.
[[nodiscard]] RowRuns select_indices(const std::string& text, const Selectable& from,
                                     const DatasetAddress& options);

}  // namespace hourglass
