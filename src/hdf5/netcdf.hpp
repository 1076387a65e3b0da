#pragma once

#include <string>
#include <vector>

#include "hdf5/hdf5_handle.hpp"

/// netCDF-4 files: their variables and dimensions. The caller holds the Lock.
namespace hourglass::hdf5 {

/// Whether the netCDF library wrote the file.
[[nodiscard]] bool is_netcdf(hid_t file);

/// Names of the dimensions, from the scales attached to them; "" for those without.
[[nodiscard]] std::vector<std::string> dimension_names(hid_t dataset);

/// A name for each of `count` columns, from the coordinate of the second dimension: its texts, or
/// "level=500" for numbers. Empty when it has none.
[[nodiscard]] std::vector<std::string> coordinate_names(hid_t file, hid_t dataset, Index count);

/// Variables of numbers that are data: neither dimension scales nor named as coordinates or bounds
/// by another variable.
[[nodiscard]] std::vector<std::string> data_variables(hid_t file);

/// "it holds /t2m (time 24 x lat 3 x lon 4), /msl (...)".
[[nodiscard]] std::string variable_listing(hid_t file, const std::vector<std::string>& variables);

}  // namespace hourglass::hdf5
