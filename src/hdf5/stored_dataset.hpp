#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/chunk_rows.hpp"
#include "hdf5/dialect.hpp"
#include "hdf5/hdf5_handle.hpp"
#include "hdf5/row_source.hpp"

namespace hourglass {

/// The rows of one data set of one file, decoded as its dialect says.
class StoredDataset : public RowSource {
 public:
  /// Throws as DatasetReader does.
  explicit StoredDataset(const DatasetAddress& address);

  [[nodiscard]] const DatasetInfo& info() const override { return info_; }
  [[nodiscard]] std::string where(Index row) const override;
  void read_rows(Range rows, std::span<std::byte> bytes) const override;
  void read_runs(std::span<const Range> runs, std::span<std::byte> bytes) const override;
  void release() const override;

 private:
  /// Rows as they are delivered, straight from the file in one pass over its chunks.
  void read_values(std::span<const Range> runs, std::span<std::byte> bytes) const;
  /// The same as they are stored, in the order of the file's axes.
  void read_stored(std::span<const Range> runs, std::span<std::byte> bytes) const;
  /// Part of each of some rows: a box.
  void read_box(const std::vector<Index>& begin, const std::vector<Index>& size,
                std::span<std::byte> bytes) const;
  void require_written(std::span<const Range> runs, std::span<const std::byte> stored) const;

  DatasetInfo info_;
  hdf5::StoredForm form_;
  hdf5::Handle file_;
  hdf5::Handle dataset_;
  hdf5::Handle space_;
  std::string name_;  // for messages
  // Of data that have to be unpacked. It remembers rows, under the library's lock.
  mutable std::unique_ptr<ChunkRows> unpacked_;
};

}  // namespace hourglass
