#pragma once

#include <string>

#include "system/file_lock.hpp"

namespace hourglass {

/// The results file of a scaling study, locked against other studies and appended to line by line.
class ResultsFile {
 public:
  /// Creates it when it is missing. Waits up to 10 seconds for the lock: the ranks of a study that
  /// was killed end within moments, and until then nothing may be measured beside them. Throws
  /// Error(usage) when another study holds it or `path` is not a regular file, Error(io) when it
  /// cannot be opened.
  explicit ResultsFile(const std::string& path);
  ~ResultsFile();
  ResultsFile(const ResultsFile&) = delete;
  ResultsFile& operator=(const ResultsFile&) = delete;

  /// The descriptor that holds the lock; children that keep it open keep the lock.
  [[nodiscard]] int lock() const { return lock_.descriptor(); }
  [[nodiscard]] bool is_empty() const;
  /// Removes the incomplete last line that a killed study has left.
  void drop_incomplete_line();
  /// Writes `line` and a line feed. Throws Error(io).
  void append(const std::string& line);
  void clear();

 private:
  std::string path_;
  FileLock lock_;
  int file_;
};

}  // namespace hourglass
