#pragma once

#include <hdf5.h>

#include <string>

#include "hdf5/hdf5.hpp"

/// Data sets whose values lie in other files: allowed they must be, and complete, since HDF5 fills
/// what is missing. Not installed.
namespace hourglass::hdf5 {

/// The end of every message that refuses to follow a file to another.
inline constexpr const char* allow_external_advice =
    ", or give --allow-external if you trust its origin";

/// The sources of a virtual data set must be allowed, exist, and cover all of `space`; notes what
/// unpacking them takes. Throws
/// Error(data) or Error(io) naming `name` and the source.
void require_sources(hid_t creation, hid_t space, DatasetInfo& info, const std::string& name);

/// Throws Error(data) when `path` is a link to another file that leads nowhere, saying why.
void refuse_broken_link(hid_t file, const DatasetAddress& address, const std::string& name);

/// The same for external storage: values in files of another format.
void require_external_files(hid_t dataset, hid_t creation, const DatasetInfo& info,
                            const std::string& name);

}  // namespace hourglass::hdf5
