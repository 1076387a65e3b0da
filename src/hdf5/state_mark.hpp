#pragma once

#include "hdf5/hdf5_handle.hpp"

/// How a model or checkpoint is told from other HDF5 files: the group /model with the attribute
/// format_version.
namespace hourglass {

inline constexpr const char* state_version_name = "format_version";
inline constexpr const char* state_model_group = "/model";

/// Whether the file is a model or checkpoint, sound or not.
[[nodiscard]] bool is_state_file(hid_t file);

}  // namespace hourglass
