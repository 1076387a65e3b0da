#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "hourglass/core/error.hpp"
#include "hourglass/core/types.hpp"
#include "system/byte_file.hpp"

namespace hourglass {

/// Bytes that are read at once.
inline constexpr Index csv_block_bytes = Index{4} << 20;

/// Follows a text through cells and quotes: a line break in a quoted cell ends no record. A quote
/// counts where a cell begins with it, as for CsvSplitter.
class QuoteScanner {
 public:
  explicit QuoteScanner(char delimiter, bool open = false)
      : delimiter_(delimiter), state_(open ? State::quoted : State::cell_start) {}

  void scan(std::string_view text) {
    for (const char letter : text) step(letter);
  }
  /// Whether the text ends inside quotes.
  [[nodiscard]] bool is_open() const { return state_ == State::quoted; }

 private:
  enum class State { cell_start, plain, quoted, quote_in_quotes };

  void step(char letter) {
    if (state_ == State::quoted) {
      if (letter == '"') state_ = State::quote_in_quotes;
    } else if (letter == delimiter_ || letter == '\n') {
      state_ = State::cell_start;
    } else if (letter == '"' && state_ != State::plain) {
      state_ = State::quoted;
    } else if (letter != ' ' || state_ == State::quote_in_quotes) {
      state_ = State::plain;
    }
  }

  char delimiter_;
  State state_;
};

/// The records of a range of a CSV file's bytes, which begins where one does: lines, and more than
/// one line where a quoted cell has line breaks.
class CsvLines {
 public:
  /// Keeps a reference to `file`.
  CsvLines(const ByteFile& file, Range bytes, char delimiter)
      : file_(file), place_(bytes.begin), end_(bytes.end), delimiter_(delimiter) {}

  /// The next record without its end, valid until the next call; false when there is none. Throws
  /// Error(data) for one of more than 64 MiB, Error(io) when the file cannot be read.
  bool next(std::string_view& line);
  /// Lines of the file before the record that next() gave.
  [[nodiscard]] Index lines_before() const { return before_; }
  /// And with it.
  [[nodiscard]] Index lines_read() const { return read_; }

 private:
  void fill(bool open);

  const ByteFile& file_;
  Index place_;
  Index end_;
  char delimiter_;
  std::string buffer_;
  std::size_t used_ = 0;
  Index before_ = 0;
  Index read_ = 0;
};

[[nodiscard]] inline bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// Calls take() and puts file and line before the message of its Error.
template <class Take>
void at_line(const std::string& path, Index line, const Take& take) {
  try {
    take();
  } catch (const Error& error) {
    throw Error(error.kind(), path + ": line " + std::to_string(line) + ": " + error.what());
  }
}

}  // namespace hourglass
