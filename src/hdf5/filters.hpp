#pragma once

#include <hdf5.h>

#include <string>
#include <vector>

/// The filters that chunks pass through: those that can be undone here, and what is needed for the
/// others.
namespace hourglass::hdf5 {

/// Lets the library load filters that come as plug-ins: from the folders that HDF5_PLUGIN_PATH
/// names, or else from the library's own folder and, where Debian keeps several flavours of the
/// library, from that of the serial flavour, for which most plug-ins are built.
void allow_plugins();

/// The folders in which plug-ins are looked for, in words: "A, B".
[[nodiscard]] std::string plugin_folders();

/// Throws Error(data) naming the filter, and what undoes it, when the chunks of a data set cannot
/// be unpacked. Plug-ins are only loaded when allowed.
void require_filters(hid_t creation, bool plugins_allowed, const std::string& name);

}  // namespace hourglass::hdf5
