#pragma once

#include <string>
#include <vector>

#include "data/data_identity.hpp"

namespace hourglass {

/// How the columns of a data set become the features of a model.
struct ColumnMatch {
  /// Feature k is column columns[k] of a row; empty: as they are.
  std::vector<Index> columns;
  std::string note;  ///< one line when something was put right or assumed, or ""
};

/// Compares names and shapes. Names decide where both have them: columns in another order are put
/// into the model's, columns that the model does not have are left out. Otherwise shapes decide:
/// extents of 1 count for nothing, flat rows are taken in the model's order, and H x W x C and C x
/// H x W of at most four channels are put into the model's. Throws Error(data) naming what is
/// missing or differs, and `name`, the data set.
[[nodiscard]] ColumnMatch match_columns(const DataIdentity& trained, const DataIdentity& given,
                                        const std::string& name);

}  // namespace hourglass
