#pragma once

#include "hdf5/hdf5_handle.hpp"

namespace hourglass::hdf5 {

/// How writing went: the first error (an errno value) and the bytes that could not be written; 0
/// while all is well.
struct WriteStatus {
  int error = 0;
  Index bytes = 0;
};

/// File access for one process through a driver of our own: POSIX calls that never report a failed
/// write to the library, which would otherwise keep the file half-open and crash when the process
/// ends. The first failure is kept in `status`, which must outlive the file, and everything after
/// it is dropped; writers call throw_if_failed.
[[nodiscard]] Handle safe_file_access(WriteStatus* status);

/// Throws Error(io) for `name` when a write has failed.
void throw_if_failed(const WriteStatus& status, const std::string& name);

/// Creates or opens a file for writing through that driver: without times, so that equal content is
/// equal bytes, and in the format of HDF5 1.8, in which every block of metadata carries a checksum
/// (virtual data sets in that of 1.10). Throws Error(io).
[[nodiscard]] Handle open_safely(const std::string& path, const std::string& name, bool create,
                                 WriteStatus* status);

/// Flushes and closes. Throws Error(io) when anything of the file could not be written; the handle
/// is closed all the same.
void close_safely(Handle& file, const std::string& name, const WriteStatus& status);

}  // namespace hourglass::hdf5
