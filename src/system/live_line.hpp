#pragma once

#include <string>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Whether standard output is a terminal that a person looks at.
[[nodiscard]] bool on_terminal();

/// Characters of a line of that terminal; 80 where that is not known.
[[nodiscard]] Index terminal_columns();

/// The first fields of a text, which two blanks separate, that fit into a line: a longer one would
/// wrap, and what is above the last row could not be written over. The last column stays free.
[[nodiscard]] std::string fitted(std::string text, Index columns);

/// One line of standard output that is written over.
class LiveLine {
 public:
  LiveLine() = default;
  LiveLine(const LiveLine&) = delete;
  LiveLine& operator=(const LiveLine&) = delete;
  /// Leaves nothing of it.
  ~LiveLine() { clear(); }

  void show(const std::string& text);
  void clear();

 private:
  bool shown_ = false;
};

}  // namespace hourglass
