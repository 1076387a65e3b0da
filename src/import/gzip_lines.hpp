#pragma once

#include <zlib.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace hourglass {

/// The lines of a text file, plain or compressed with gzip, from its beginning.
class GzipLines {
 public:
  /// Throws Error(io) when it cannot be opened.
  explicit GzipLines(std::string path);

  /// The next line without its end, valid until the next call; false when there is none. Throws
  /// Error(data) for a damaged or truncated stream and for a line of more than 64 MiB, Error(io)
  /// when the file cannot be read.
  bool next(std::string_view& line);
  /// Lines that next() gave.
  [[nodiscard]] std::size_t lines_read() const { return read_; }

 private:
  struct Close {
    void operator()(gzFile_s* file) const noexcept { gzclose_r(file); }
  };
  bool fill();

  std::string path_;
  std::unique_ptr<gzFile_s, Close> file_;
  std::string buffer_;
  std::size_t used_ = 0;
  std::size_t read_ = 0;
};

}  // namespace hourglass
