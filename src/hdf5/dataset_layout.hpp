#pragma once

#include <span>
#include <string>
#include <vector>

#include "hdf5/dataset_writer.hpp"
#include "hdf5/hdf5_handle.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {

/// Bytes of all values, uncompressed.
[[nodiscard]] Index value_bytes(const DatasetSpec& spec);

/// Throws Error(bug) for a shape, chunk or level that DatasetWriter does not promise to handle.
void check_spec(const DatasetSpec& spec, int ranks);

/// Throws Error(usage) when `path` exists in the open file or lies below a data set. `name` is for
/// messages.
void require_absent(hid_t file, const std::string& path, const std::string& name);

/// Makes the data set and its attributes in a file open for writing. Throws Error(io).
void make_dataset(hid_t file, const DatasetSpec& spec, const std::string& name);

/// Makes the whole file but for the values under `target`'s temporary name, beginning with a copy
/// of `source` where that exists: by one process, with the disk space for what is not compressed.
/// Throws Error(io).
void make_layout(const AtomicFile& target, std::span<const DatasetSpec> specs,
                 const std::string& source);

/// Where the values of an uncompressed data set lie in the file.
struct ValuePlaces {
  Index rows_at_once = 0;  ///< of a chunk, or all
  Index row_bytes = 0;
  std::vector<Index> offsets;  ///< of each chunk's first row, in bytes
};
/// Throws Error(io) when `file` does not hold the data set so.
[[nodiscard]] ValuePlaces locate_values(hid_t file, const DatasetSpec& spec,
                                        const std::string& name);

/// Access properties for writing its rows in order.
[[nodiscard]] hdf5::Handle dataset_access(const DatasetSpec& spec, const std::string& name);

}  // namespace hourglass
