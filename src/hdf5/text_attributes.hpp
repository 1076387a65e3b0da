#pragma once

#include <string>
#include <vector>

#include "hdf5/hdf5_handle.hpp"

namespace hourglass::hdf5 {

/// The texts of an attribute as any tool writes them: of fixed or variable length, one or several.
/// Empty when there is none, or it is not text. The caller holds the Lock.
[[nodiscard]] std::vector<std::string> attribute_texts(hid_t object, const char* attribute);

}  // namespace hourglass::hdf5
