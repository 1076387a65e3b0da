#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// A regular file read at any position: what importers of files that can be divided among ranks
/// stand on. Move-only.
class ByteFile {
 public:
  /// Throws Error(io) when there is no such file, it cannot be opened, or is a folder or a pipe.
  explicit ByteFile(const std::string& path);
  ByteFile(ByteFile&&) noexcept;
  ByteFile& operator=(ByteFile&&) noexcept;
  ~ByteFile();

  [[nodiscard]] const std::string& path() const;
  /// Bytes at the time of opening.
  [[nodiscard]] Index size() const;
  /// All of `bytes` from that position. Throws Error(data) when the file ends before, Error(io)
  /// when it cannot be read.
  void read(Index position, std::span<std::byte> bytes) const;
  /// At most `most` bytes from that position: fewer at the end of the file.
  [[nodiscard]] std::vector<std::byte> read_some(Index position, Index most) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// All of a text file, or of a pipe. Throws Error(io).
[[nodiscard]] std::string read_text(const std::string& path);

/// Number, size and times of a file, as text: unchanged only while the file is not written to.
/// Throws Error(io).
[[nodiscard]] std::string file_identity(const std::string& path);

}  // namespace hourglass
