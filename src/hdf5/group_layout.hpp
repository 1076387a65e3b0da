#pragma once

#include <hdf5.h>

#include <string>

#include "hdf5/group_spec.hpp"

namespace hourglass {

/// Makes them in a file open for writing; attributes that exist are left. Throws Error(io).
void make_group_of(hid_t file, const GroupSpec& spec, const std::string& name);
void make_texts(hid_t file, const TextSpec& spec, const std::string& name);

}  // namespace hourglass
