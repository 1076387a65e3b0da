#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "hourglass/core/types.hpp"
#include "run/metrics.hpp"

namespace hourglass {

/// The records of a metrics.jsonl that is still being written: reads what was added since the last
/// time, and only that. Starts again when the file was replaced (as a resumed run does), truncated
/// or rewritten. A last line without its end does not count yet; a line that is no record is passed
/// over. A file that vanishes leaves its records here.
class MetricsFollower {
 public:
  /// `most_steps`: as many records of steps are kept, evenly: a long run must not fill the memory
  /// of the process that watches it.
  explicit MetricsFollower(std::string path, Index most_steps = 4000);

  /// Reads on; whether the records have changed. A file that is not there yet has none.
  bool advance();

  /// In order. All records of epochs, and of steps every n-th: between half of `most_steps` and
  /// all.
  [[nodiscard]] const std::vector<MetricsRecord>& records() const { return records_; }

  /// What keeps records from being shown: "metrics.jsonl cannot be read: ...", or lines that were
  /// passed over; "" when nothing does.
  [[nodiscard]] std::string problem() const;

 private:
  bool look();
  void forget();
  [[nodiscard]] bool holds_what_was_read(int file) const;
  void read_on(int file);
  void take(const std::string& line);
  void halve_steps();

  std::string path_;
  Index most_steps_;
  dev_t device_ = 0;  // with the inode: which file was read
  ino_t inode_ = 0;
  int error_ = 0;              // errno of the last attempt to open it
  Index offset_ = 0;           // behind the last whole line
  std::string before_offset_;  // some bytes that stood there
  std::vector<MetricsRecord> records_;
  Index passed_over_ = 0;  // lines
  Index steps_seen_ = 0;   // records of steps
  Index steps_kept_ = 0;
  Index stride_ = 1;  // one of so many is kept
};

}  // namespace hourglass
