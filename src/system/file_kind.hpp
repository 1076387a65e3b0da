#pragma once

#include <string>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// The name of a file that is compressed with gzip, whatever it holds.
inline constexpr const char* gzip_kind = "compressed with gzip";

/// What a file is by its first bytes, whatever its name.
struct FileKind {
  std::string name;    ///< "a PNG image", "text"; empty when nothing is recognized
  std::string format;  ///< the --format of `hourglass import` that takes it; empty when none does
  std::string advice;  ///< how its numbers get into an HDF5 file, as an instruction; may be empty
};

/// Throws Error(io) as ByteFile does.
[[nodiscard]] FileKind file_kind(const std::string& path);

/// The position of an HDF5 file's superblock in its file: 0, or behind a userblock of 512, 1024,
/// ... bytes; -1 when there is none.
[[nodiscard]] Index hdf5_superblock(const std::string& path);

}  // namespace hourglass
