#pragma once

#include <string>

namespace hourglass::hdf5 {

/// Throws Error(data) saying what a file is that is not HDF5, and which command takes it.
[[noreturn]] void refuse_other_format(const std::string& file);

/// Throws Error(data) saying why the library could not open an HDF5 file (`reason` is its own
/// message), and what helps.
[[noreturn]] void refuse_unopened(const std::string& file, const std::string& reason);

}  // namespace hourglass::hdf5
