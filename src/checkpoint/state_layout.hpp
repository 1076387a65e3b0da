#pragma once

#include <string>
#include <vector>

#include "checkpoint/state_contents.hpp"
#include "hdf5/hdf5_handle.hpp"

namespace hourglass {

/// Makes the HDF5 file at `temporary` with everything but the arenas' values; `name` is the file's
/// final path, for messages. Returns where the values of each tensor go: bytes from the start of
/// the file, group after group, tensor after tensor. Throws Error(io).
[[nodiscard]] std::vector<Index> create_state_layout(const std::string& temporary,
                                                     const std::string& name,
                                                     const StateHeader& header,
                                                     const std::vector<StoredGroup>& groups);

/// Bytes that such a file takes, not less: for the check of the disk space.
[[nodiscard]] Index predicted_bytes(const StateHeader& header,
                                    const std::vector<StoredGroup>& groups);

/// Reads the table of contents and the header and verifies their digest. Throws Error(data).
[[nodiscard]] StateContents read_state_layout(hid_t file, const std::string& name,
                                              StateHeader& header);

/// Where the values of a group's tensors lie, checked against the file's size. Throws Error(data).
[[nodiscard]] std::vector<Index> locate_tensors(hid_t file, const std::string& name,
                                                const StoredGroup& group);

}  // namespace hourglass
