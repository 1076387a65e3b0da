#pragma once

#include <string>
#include <vector>

#include "core/function_ref.hpp"
#include "hdf5/hdf5_handle.hpp"

namespace hourglass::hdf5 {

/// The texts, of a stored string type of fixed or any length, of the elements of `space`:
/// `read(memory type, values)` reads them, of a data set or an attribute. Fixed ones end at their
/// first zero. Throws Error(data), naming `name`, for more than 1 GiB or 2^24 of them, and when
/// reading fails. The caller holds the Lock.
[[nodiscard]] std::vector<std::string> read_text_elements(
    hid_t type, hid_t space, const std::string& name,
    FunctionRef<herr_t(hid_t memory, void* values)> read);

}  // namespace hourglass::hdf5
