#pragma once

#include <string>
#include <vector>

#include "data/columns.hpp"
#include "hdf5/hdf5.hpp"

namespace hourglass {

/// The columns that the features of a data set stand for, where it says so and they are more than
/// numbers: its attribute "columns", which import writes. None for views of other features. Throws
/// Error(data) when the attribute is damaged.
[[nodiscard]] std::vector<Column> columns_of(const DatasetInfo& info);

/// Throws Error(data) when the data have other columns than `wanted`, those of `origin`; data or
/// models that know no columns are taken as they are.
void check_columns(const DatasetInfo& info, const std::vector<Column>& wanted,
                   const std::string& origin);

}  // namespace hourglass
