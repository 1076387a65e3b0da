#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "hdf5/hdf5.hpp"

namespace hourglass {

/// Rows of numbers as DatasetReader delivers them: of one stored data set, or a view of other
/// sources. Threads may read at the same time.
class RowSource {
 public:
  RowSource() = default;
  RowSource(const RowSource&) = delete;
  RowSource& operator=(const RowSource&) = delete;
  virtual ~RowSource() = default;

  [[nodiscard]] virtual const DatasetInfo& info() const = 0;
  /// "FILE.h5:/path: row N", for messages: the file that the row lies in, and its number there.
  [[nodiscard]] virtual std::string where(Index row) const = 0;
  /// Rows [rows.begin, rows.end), which exist and are not none, to `bytes` (rows.size() *
  /// info().row_bytes() bytes). Throws Error(data) on corruption, Error(io) when the storage fails.
  virtual void read_rows(Range rows, std::span<std::byte> bytes) const = 0;
  /// Ascending, disjoint ranges of rows, one after the other; at least one, and none of them empty.
  virtual void read_runs(std::span<const Range> runs, std::span<std::byte> bytes) const;
  /// Gives back what is kept in memory for the next read.
  virtual void release() const {}
};

/// What an address means: a stored data set, or several as one. Throws as DatasetReader does.
[[nodiscard]] std::unique_ptr<RowSource> open_rows(const DatasetAddress& address);

}  // namespace hourglass
