#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "formats/npy.hpp"
#include "import/row_reader.hpp"

namespace hourglass {

// Arrays that lie in files as rows one after the other. All throw Error(io) when the file cannot be
// opened and Error(data), naming the file and the reason, when it is not of the format, or shorter
// or longer than its header claims.

/// NumPy's .npy.
[[nodiscard]] std::unique_ptr<RowReader> open_npy(const std::string& path);

/// One tensor of a safetensors file; "" when it holds only one.
[[nodiscard]] std::unique_ptr<RowReader> open_safetensors(const std::string& path,
                                                          const std::string& tensor);

/// One array of a .npz archive (numpy.savez, also savez_compressed), named without ".npy"; "" when
/// it holds only one. Stored arrays are read by all ranks, compressed ones by rank 0, which
/// verifies their checksum.
[[nodiscard]] std::unique_ptr<RowReader> open_npz(const std::string& path,
                                                  const std::string& array);

/// Numbers without a header.
struct RawFormat {
  std::vector<Index> sample_shape;  ///< of one sample, e.g. 28, 28; empty: one number
  ArrayFormat number;               ///< type, float16 and byte order
  Index skip_bytes = 0;             ///< before the first number
  std::optional<Index> rows;        ///< as many as the file holds when not given
};
[[nodiscard]] std::unique_ptr<RowReader> open_raw(const std::string& path, const RawFormat& format);

}  // namespace hourglass
