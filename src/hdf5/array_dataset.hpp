#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "formats/array_format.hpp"
#include "hdf5/row_source.hpp"
#include "system/byte_file.hpp"

namespace hourglass {

/// The rows of an array in a file of another format: NumPy's FILE.npy, and FILE.safetensors:/NAME
/// (NAME may be left out when there is one tensor). Read at any row by pread, outside of HDF5's
/// lock; two-byte floats become float32.
class ArrayDataset final : public RowSource {
 public:
  /// Throws as DatasetReader does.
  explicit ArrayDataset(const DatasetAddress& address);

  [[nodiscard]] const DatasetInfo& info() const override { return info_; }
  [[nodiscard]] std::string where(Index row) const override;
  void read_rows(Range rows, std::span<std::byte> bytes) const override;

 private:
  DatasetInfo info_;
  ByteFile file_;
  ArrayFormat format_;
};

/// The data sets of such a file. Throws as DatasetReader does.
[[nodiscard]] std::vector<DatasetAddress> array_datasets(const std::string& file);

/// Whether an address is of such a file, by the end of its name.
[[nodiscard]] bool names_array_file(const DatasetAddress& address);

}  // namespace hourglass
