#pragma once

#include <vector>

#include "core/buffer.hpp"
#include "hdf5/hdf5.hpp"

namespace hourglass {

/// Some rows of a data set, from which advice is given: blocks of neighbouring rows, evenly spaced,
/// which depend on the data set's shape and type alone. At most 32 blocks of 32 rows and about 32
/// MiB, but two rows a block and two blocks where there are as many.
class RowSample {
 public:
  /// Throws as DatasetReader::read_rows.
  explicit RowSample(const DatasetReader& reader);

  [[nodiscard]] const std::vector<Range>& blocks() const { return blocks_; }
  [[nodiscard]] Index rows() const;
  /// The stored bytes of the i-th row of the sample: blocks one after the other.
  [[nodiscard]] const std::byte* stored(Index i) const { return bytes_.data() + i * row_bytes_; }
  /// Feature `c` of all rows of the sample, as a number.
  [[nodiscard]] std::vector<double> feature(Index c) const;

 private:
  ElementType type_;
  Index row_bytes_;
  std::vector<Range> blocks_;
  Buffer<std::byte> bytes_;
};

}  // namespace hourglass
