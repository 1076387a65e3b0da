#pragma once

#include <string>
#include <utility>
#include <vector>

#include "formats/array_format.hpp"
#include "system/byte_file.hpp"

namespace hourglass {

/// A tensor of a safetensors file.
struct SafetensorsEntry {
  std::string name;
  std::string dtype;     ///< as the file says: "F32", "BF16"
  bool readable = true;  ///< false for types that are not read: 8-bit and complex floats
  ArrayFormat format;
};

/// What a safetensors file says of itself.
struct SafetensorsHeader {
  std::vector<SafetensorsEntry> tensors;                      ///< in the order of their bytes
  std::vector<std::pair<std::string, std::string>> metadata;  ///< of "__metadata__"

  [[nodiscard]] const SafetensorsEntry* find(const std::string& name) const;
};

/// The longest header that the format allows, in bytes.
inline constexpr Index largest_safetensors_header = 100'000'000;

/// Reads the header: eight bytes with its length (little-endian), JSON, then the tensors' bytes,
/// to which its offsets refer. Throws Error(data) unless the file keeps the format's rules: a
/// header of at most 100 MB that is an object of tensors with dtype, shape and data_offsets, no
/// name twice, offsets as far apart as shape and dtype say, that neither overlap nor leave gaps and
/// end where the file does. Only as much is allocated as the file holds.
[[nodiscard]] SafetensorsHeader read_safetensors(const ByteFile& file);

/// The format of tensor `name`, or of the only one when that is empty. Throws Error(data) that
/// lists the tensors when there is none, or it is of a type that is not read.
[[nodiscard]] ArrayFormat tensor_format(const SafetensorsHeader& header, const std::string& file,
                                        const std::string& name);

}  // namespace hourglass
