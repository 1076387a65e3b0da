#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hdf5/hdf5_handle.hpp"

/// Texts and numbers attached to groups and data sets.
namespace hourglass::hdf5 {

/// Opens or creates the group `path` and those above it, without times, so that equal content is
/// equal bytes.
[[nodiscard]] Handle make_group(hid_t file, const std::string& path, const std::string& name);

/// A UTF-8 text as attribute of `object`, or as data set below it when an attribute cannot hold it
/// (64 KiB). Error(io).
void write_text(hid_t object, const std::string& attribute, const std::string& text,
                const std::string& name);
void write_integer(hid_t object, const std::string& attribute, std::int64_t value,
                   const std::string& name);

/// Whether write_text or write_integer has written `attribute`.
[[nodiscard]] bool has_attribute(hid_t object, const std::string& attribute);
/// Throws Error(data) when missing, of another type, or longer than the file `file_bytes` could
/// hold.
[[nodiscard]] std::string read_text(hid_t object, const std::string& attribute,
                                    const std::string& name, Index file_bytes);
[[nodiscard]] std::int64_t read_integer(hid_t object, const std::string& attribute,
                                        const std::string& name);

/// Throws Error(io); a full disk, quota or size limit met inside HDF5 (`reason`: take_reason()) is
/// told as such.
[[noreturn]] void throw_write_failure(const std::string& name, const char* what,
                                      const std::string& reason);

/// As checked(), for writing.
template <class Result>
Result written(Result result, const std::string& name, const char* what) {
  if (result < 0) throw_write_failure(name, what, take_reason());
  return result;
}

}  // namespace hourglass::hdf5
