#pragma once

#include <string>
#include <vector>

#include "hdf5/hdf5_handle.hpp"

namespace hourglass::hdf5 {

/// UTF-8 texts of any length as an attribute of `object`, an array. Their references must fit into
/// an attribute: about 4000 texts. Error(io).
void write_text_list(hid_t object, const std::string& attribute,
                     const std::vector<std::string>& texts, const std::string& name);

/// One UTF-8 text of any length, where write_text has its limit. Error(io).
void write_long_text(hid_t object, const std::string& attribute, const std::string& text,
                     const std::string& name);

/// Texts of fixed or any length, one or an array of one dimension; none when the attribute is
/// missing. Throws Error(data) when it is something else.
[[nodiscard]] std::vector<std::string> read_text_list(hid_t object, const std::string& attribute,
                                                      const std::string& name);

}  // namespace hourglass::hdf5
