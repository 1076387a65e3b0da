#pragma once

#include <string>

#include "hdf5/hdf5_handle.hpp"

/// MATLAB 7.3 files: HDF5 in which every variable has the attribute MATLAB_class. The caller holds
/// the Lock.
namespace hourglass::hdf5 {

/// Whether MATLAB wrote the data set: an N x D matrix lies there as D x N.
[[nodiscard]] bool is_matlab_variable(hid_t dataset);

/// Whether it is an array of numbers, not text, cells or MATLAB's own records.
[[nodiscard]] bool is_matlab_numbers(hid_t dataset);

/// Throws Error(data) with advice when the variable is not an array of numbers, or is empty.
void require_matlab_numbers(hid_t file, hid_t dataset, const std::string& name);

}  // namespace hourglass::hdf5
