#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hdf5/hdf5.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// Reads an IDX file, the format of MNIST and its relatives (LeCun, Cortes, Burges, "The MNIST
/// database of handwritten digits"): two zero bytes, a type code, the number of dimensions, each
/// dimension as a big-endian 32-bit integer, then the elements, big endian, the last dimension
/// fastest. Plain or gzip-compressed; the content tells, not the name. Streams: memory does not
/// depend on what the header claims. Move-only.
class IdxReader {
 public:
  /// Opens the file and reads its header. Throws Error(io) when the file cannot be opened or read;
  /// Error(data), naming the file and the reason, when it is not IDX, has an unknown type code, no
  /// dimensions or more than 32, or, for plain files, a size that differs from what the header
  /// claims (truncated, or bytes after the last element).
  explicit IdxReader(std::string path);
  IdxReader(IdxReader&&) noexcept;
  IdxReader& operator=(IdxReader&&) noexcept;
  ~IdxReader();

  [[nodiscard]] const std::string& path() const;
  /// u8, i8, i16, i32, f32 or f64.
  [[nodiscard]] ElementType type() const;
  [[nodiscard]] const std::vector<Index>& shape() const;
  [[nodiscard]] Index rows() const { return shape().front(); }
  [[nodiscard]] Index row_bytes() const;
  [[nodiscard]] Index rows_left() const;
  /// Whether the size that the header claims was compared with the file's, or never can be before
  /// the end (a pipe). False for compressed files: what they hold shows when all of it was read.
  [[nodiscard]] bool is_verified() const;

  /// Reads the next bytes.size() / row_bytes() rows (at most rows_left()) to `bytes`, in native
  /// byte order. With the last row it also verifies that nothing follows and, in gzip files, the
  /// checksum. Throws Error(data) when the file is truncated, corrupt or longer than its header
  /// claims; Error(io) when reading failed.
  void read_rows(std::span<std::byte> bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hourglass
