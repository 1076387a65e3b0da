#pragma once

#include <cstddef>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "hdf5/row_source.hpp"

namespace hourglass {

/// Several data sets read as one, for addresses that name several (see DatasetReader). Only the
/// few used last are open at a time.
class JoinedDataset : public RowSource {
 public:
  /// Throws as DatasetReader does, and Error(data), naming both, when two differ in type or in the
  /// shape of a sample. Features of sparse matrices are those of the first part: by name, where
  /// both have names, in whatever order.
  explicit JoinedDataset(const DatasetAddress& address);

  [[nodiscard]] const DatasetInfo& info() const override { return info_; }
  [[nodiscard]] std::string where(Index row) const override;
  void read_rows(Range rows, std::span<std::byte> bytes) const override;
  [[nodiscard]] std::vector<Index> series() const override;
  void read_runs(std::span<const Range> runs, std::span<std::byte> bytes) const override;
  void read_sparse(std::span<const Range> runs, CompressedRows& rows) const override;
  void release() const override;

 private:
  struct Part {
    DatasetAddress address;
    Index begin = 0;
    Index rows = 0;
  };
  [[nodiscard]] std::size_t part_of(Index row) const;
  /// Calls read(reader, ranges of its rows, number of rows) for each part that has some of `runs`.
  template <class Read>
  void for_each_part(std::span<const Range> runs, const Read& read) const;
  const DatasetReader& open(std::size_t part) const;

  DatasetInfo info_;
  std::vector<Part> parts_;
  // Readers are shared by the threads that read: the oldest first.
  mutable std::mutex mutex_;
  mutable std::vector<std::pair<std::size_t, DatasetReader>> open_;
};

}  // namespace hourglass
