#include "hdf5/unreadable_file.hpp"

#include <fmt/format.h>

#include <cstddef>

#include "hdf5/hdf5_handle.hpp"
#include "system/byte_file.hpp"
#include "system/file_kind.hpp"

namespace hourglass::hdf5 {

namespace {

// A superblock of version 3 has flags behind the signature, the version and two sizes: whoever
// writes the file raises them, and lowers them when it closes the file.
bool written_for_readers(const std::string& file) {
  constexpr Index version_at = 8;
  constexpr std::size_t flags_at = 3;  // from the version
  constexpr std::byte single_writer{4};
  const auto bytes = ByteFile(file).read_some(hdf5_superblock(file) + version_at, flags_at + 1);
  return bytes.size() > flags_at && bytes[0] >= std::byte{3} &&
         (bytes[flags_at] & single_writer) != std::byte{0};
}

}  // namespace

void refuse_other_format(const std::string& file) {
  const FileKind kind = file_kind(file);
  if (kind.name.empty()) {
    throw Error(ErrorKind::data, file +
                                     ": is not an HDF5 file (hourglass import makes one of tables, "
                                     "NumPy arrays and images)");
  }
  if (kind.format == "hdf5")
    throw Error(ErrorKind::data, file + ": is a damaged HDF5 file (its header cannot be read)");
  throw Error(ErrorKind::data, fmt::format("{}: is not an HDF5 file, but {}{}{}", file, kind.name,
                                           kind.advice.empty() ? "" : "; ", kind.advice));
}

void refuse_unopened(const std::string& file, const std::string& reason) {
  if (reason.find("truncated") != std::string::npos) {
    throw Error(ErrorKind::data,
                file + ": is truncated: " + std::to_string(file_bytes(file)) +
                    " bytes are fewer than its header says; copy it again, or write it again if "
                    "its writer was killed");
  }
  if (reason.find("already open for") != std::string::npos) {
    // Readers may follow the writer of such a file, which lets the header lag behind the data.
    const char* also = written_for_readers(file) ? " --increment" : "";
    throw Error(
        ErrorKind::data,
        fmt::format(
            "{}: is marked as being written: its writer was killed, or still runs; once "
            "none does, run h5clear -s{} {} (Debian's package hdf5-tools), which clears the "
            "mark: what the writer had flushed can be read",
            file, also, file));
  }
  throw Error(ErrorKind::data, file + ": is a damaged HDF5 file (" + reason + ")");
}

}  // namespace hourglass::hdf5
