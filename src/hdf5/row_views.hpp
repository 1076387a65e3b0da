#pragma once

#include <cstdint>
#include <string>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Which rows are held out for validation: a fraction of them, or one of `folds` parts.
struct RowSplit {
  double fraction = 0;     ///< about this share; 0: none
  Index folds = 0;         ///< 0: none
  Index fold = 0;          ///< 1 to folds: the part held out
  std::string groups;      ///< the data set of groups whose rows stay together; empty: rows alone
  std::uint64_t seed = 1;  ///< of the draw

  [[nodiscard]] bool active() const { return fraction > 0 || folds > 0; }
  friend bool operator==(const RowSplit&, const RowSplit&) = default;
};

enum class DataPart {
  all,
  training,    ///< the rows that are not held out
  validation,  ///< those that are
};

/// What is read out of the rows that an address names. Views apply in this order: rows, the part
/// of them, columns, windows.
struct RowViews {
  std::string rows;     ///< see select_indices(); empty: all
  std::string columns;  ///< likewise, of the features
  Index window = 0;     ///< rows of a series that make a sample; 0: a row is a sample
  Index stride = 1;     ///< rows from one window to the next
  RowSplit split;
  DataPart part = DataPart::all;

  friend bool operator==(const RowViews&, const RowViews&) = default;
};

}  // namespace hourglass
