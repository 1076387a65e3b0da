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

/// The lines of a range of a CSV file's bytes, which begins where a line does.
class CsvLines {
 public:
  /// Keeps a reference to `file`.
  CsvLines(const ByteFile& file, Range bytes) : file_(file), place_(bytes.begin), end_(bytes.end) {}

  /// The next line without its end, valid until the next call; false when there is none. Throws
  /// Error(data) for a line of more than 64 MiB, Error(io) when the file cannot be read.
  bool next(std::string_view& line);

 private:
  const ByteFile& file_;
  Index place_;
  Index end_;
  std::string buffer_;
  std::size_t used_ = 0;
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
