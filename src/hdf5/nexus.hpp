#pragma once

#include <string>

#include "hdf5/hdf5_handle.hpp"

namespace hourglass::hdf5 {

/// The data set that a NeXus file declares as its signal: by the attributes "default" of root and
/// entry and "signal" of the data group, or as the only group of class NXdata with a signal. ""
/// when the file is not NeXus or declares none. The caller holds the Lock.
[[nodiscard]] std::string nexus_signal(hid_t file);

}  // namespace hourglass::hdf5
