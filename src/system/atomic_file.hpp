#pragma once

#include <string>
#include <string_view>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// A file that appears under its final name complete or not at all: it is written under a private
/// temporary name in the same folder (".<name>.tmp.<pid>.<random>", mode 0600, locked) and renamed
/// when it is finished. Move-only; without commit() the destructor removes the temporary and
/// nothing has changed. A symbolic link is followed: its target is replaced.
class AtomicFile {
 public:
  /// Creates the temporary. Throws Error(io) when the folder is missing or not writable, or when
  /// `path` exists and is not a regular file.
  explicit AtomicFile(const std::string& path);
  /// One whose temporary has a name that follows from `path` (unfinished_name) and may be there
  /// from before: what was in it still is. Throws Error(usage) while another process holds it.
  static AtomicFile continued(const std::string& path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&& other) noexcept;
  ~AtomicFile();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const std::string& temporary_path() const { return temporary_path_; }

  /// Appends. Throws Error(io) naming the final path (disk full, quota).
  void write(std::string_view bytes);
  /// Takes the disk space of `bytes` bytes in advance, so that a full disk is met before hours of
  /// writing. The file's size does not change. Throws Error(io) naming the missing space; does
  /// nothing on file systems that cannot do it.
  void reserve(Index bytes);
  /// fsync, rename to path(), fsync of the folder. Throws Error(io); call once.
  void commit();
  /// Leaves the temporary where it is, for continued().
  void keep() noexcept;

 private:
  AtomicFile() = default;
  void discard() noexcept;

  std::string path_;
  std::string temporary_path_;  ///< empty when there is nothing to remove
  int descriptor_ = -1;
};

/// Replaces `path` by a file that holds `text`: the complete new file or the old one. Throws
/// Error(io).
void write_text_atomically(const std::string& path, std::string_view text);

/// Throws Error(usage) when there is something at `path`: a result never takes the place of a file
/// that may be the only copy.
void require_new(const std::string& path);

/// The same, unless the file there begins with `start`: the program's own output may be
/// replaced. `kind` names that in the message ("report"), `option` is where another name is
/// given.
void require_new_or_own(const std::string& path, std::string_view start, std::string_view kind,
                        std::string_view option);

/// Makes `to` a copy of `from`: the complete new file or the old one. Throws Error(io).
void copy_atomically(const std::string& from, const std::string& to);

/// The temporary that AtomicFile::continued(path) writes to: ".<name>.unfinished" beside it.
[[nodiscard]] std::string unfinished_name(const std::string& path);

/// The journal of the rows written to it (ResumableWriter): ".<name>.unfinished.rows".
[[nodiscard]] std::string journal_name(const std::string& path);

/// Removes the temporaries of `path` that killed processes left, in any writing of this file: those
/// that nobody holds a lock on. Where the file system has no locks nothing is removed.
void remove_dead_temporaries(const std::string& path);

/// Removes what killed processes left in `folder`: files named as AtomicFile names its temporaries.
/// For the sole owner of a folder only. Returns how many; what cannot be removed is left.
int remove_stale_temporaries(const std::string& folder);

}  // namespace hourglass
