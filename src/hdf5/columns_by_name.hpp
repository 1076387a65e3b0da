#pragma once

#include <string>
#include <vector>

#include "hdf5/hdf5.hpp"

namespace hourglass {

/// Whether all names are places on a grid: numbers, or "station=10" as netCDF's coordinates give
/// them.
[[nodiscard]] bool are_coordinates(const std::vector<std::string>& names);

/// How the columns of a data set of N x D become those of another, by their names: column k of
/// `first` is column result[k] of `other`. Empty where they are in the same order already, one of
/// them has no names, or the names are coordinates of another grid. A sparse matrix may have
/// further columns, which are left out. Throws Error(data) naming a column that one of them lacks,
/// or two of one name.
[[nodiscard]] std::vector<Index> columns_by_name(const DatasetInfo& first,
                                                 const DatasetInfo& other);

}  // namespace hourglass
