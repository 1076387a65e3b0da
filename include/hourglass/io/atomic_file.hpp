#pragma once

#include <string>
#include <string_view>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// A file that appears under its final name complete or not at all: it is written under a private temporary name in the same
/// folder (".<name>.tmp.<pid>.<random>", mode 0600) and renamed when it is finished. Move-only; without commit() the
/// destructor removes the temporary and nothing has changed. A symbolic link is followed: its target is replaced.
class AtomicFile {
 public:
  /// Creates the temporary. Throws Error(io) when the folder is missing or not writable, or when `path` exists and is not a
  /// regular file.
  explicit AtomicFile(const std::string& path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  ~AtomicFile();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& temporary_path() const { return temporary_path_; }

  /// Appends. Throws Error(io) naming the final path (disk full, quota).
  void write(std::string_view bytes);
  /// Takes the disk space of `bytes` bytes in advance, so that a full disk is met before hours of writing. The file's size does
  /// not change. Throws Error(io) naming the missing space; does nothing on file systems that cannot do it.
  void reserve(Index bytes);
  /// fsync, rename to path(), fsync of the folder. Throws Error(io); call once.
  void commit();

 private:
  void discard() noexcept;

  std::string path_;
  std::string temporary_path_;  ///< empty when there is nothing to remove
  int descriptor_ = -1;
};

/// Replaces `path` by a file that holds `text`: the complete new file or the old one. Throws Error(io).
void write_text_atomically(const std::string& path, std::string_view text);

/// Makes `to` a copy of `from`: the complete new file or the old one. Throws Error(io).
void copy_atomically(const std::string& from, const std::string& to);

/// Removes what killed processes left in `folder`: files named as AtomicFile names its temporaries. For the sole owner of a
/// folder only. Returns how many; what cannot be removed is left.
int remove_stale_temporaries(const std::string& folder);

}  // namespace hourglass
