#pragma once

#include <string>

#include "hdf5/hdf5_handle.hpp"

namespace hourglass::hdf5 {

/// The data set that an address without a path means: what the file's dialect declares, else the
/// only candidate. Throws Error(data) when there is none, or when the user has to choose. The
/// caller holds the Lock.
[[nodiscard]] std::string only_samples(hid_t file, const std::string& file_name);

}  // namespace hourglass::hdf5
