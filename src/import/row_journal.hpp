#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/range_set.hpp"
#include "system/posix_file.hpp"

namespace hourglass {

/// Which rows of a file's data sets are on the disk, as lines of text: a first one that names what
/// is written (a fingerprint), then "<data set> <first row> <row after the last> <checksum>". Lines
/// are only appended; one that a crash has torn ends the reading. By one process.
class RowJournal {
 public:
  struct Entry {
    std::size_t dataset = 0;
    Range rows;
  };

  /// A new and empty one, on the disk when this returns. Throws Error(io); `name` is for messages.
  RowJournal(const std::string& path, std::string fingerprint, std::string name);
  /// An existing one with what it holds by data set, or nothing when it is missing, of something
  /// else, or not sound.
  static std::optional<RowJournal> open(const std::string& path, std::string fingerprint,
                                        std::string name, std::vector<RangeSet>& finished);

  /// Appends, and returns when it is on the disk. Throws Error(io).
  void append(std::span<const Entry> entries);

 private:
  RowJournal() = default;

  posix::FileDescriptor file_;
  std::string fingerprint_;
  std::string name_;
  Index end_ = 0;
};

}  // namespace hourglass
