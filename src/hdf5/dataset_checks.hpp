#pragma once

#include <hdf5.h>

#include <string>
#include <vector>

#include "hdf5/hdf5.hpp"

/// Reads the header of a data set and checks that its rows can be read as it claims. `name` stands
/// for the data set in messages. Each function throws Error(data).
namespace hourglass::hdf5 {

/// The sizes of a data set's dimensions: at least one, none of a row's 0, a product that can be
/// counted in bytes.
[[nodiscard]] std::vector<Index> read_shape(hid_t space, const std::string& name);

/// Sets info.chunked, info.chunk and info.filters; refuses filters that cannot be undone, rows that
/// were never written, and data outside the file unless info.address allows it.
void read_layout(hid_t dataset, hid_t space, DatasetInfo& info, const std::string& name);

/// Raises info.rows_per_unpacking and info.unpacking_bytes to those of a data set with compressed
/// chunks, which may be a source of a virtual one.
void note_unpacking(hid_t dataset, DatasetInfo& info);

}  // namespace hourglass::hdf5
