#pragma once

#include <vector>

#include "checkpoint/describe.hpp"
#include "hdf5/hdf5_handle.hpp"

namespace hourglass::hdf5 {

/// All attributes of an object as short texts. Attributes that cannot be shown are described
/// ("compound, 3 values"); damaged ones are called so. Does not throw for anything a file may hold.
[[nodiscard]] std::vector<DescribedAttribute> describe_attributes(hid_t object);

}  // namespace hourglass::hdf5
