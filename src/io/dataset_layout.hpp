#pragma once

#include <string>
#include <vector>

#include "hdf5_handle.hpp"
#include "hourglass/io/dataset_writer.hpp"

namespace hourglass {

/// Bytes of all values, uncompressed.
[[nodiscard]] Index value_bytes(const DatasetSpec& spec);

/// Throws Error(bug) for a shape, chunk or level that DatasetWriter does not promise to handle.
void check_spec(const DatasetSpec& spec, int ranks);

/// Throws Error(usage) when `path` exists in the open file or lies below a data set. `name` is for messages.
void require_absent(hid_t file, const std::string& path, const std::string& name);

/// Makes the data set and its attributes in a file open for writing. Throws Error(io).
void make_dataset(hid_t file, const DatasetSpec& spec, const std::string& name);

/// Access properties for writing its rows in order.
[[nodiscard]] hdf5::Handle dataset_access(const DatasetSpec& spec, const std::string& name);

}  // namespace hourglass
