#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/row_runs.hpp"
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
  /// The first row of each series, ascending: rows follow each other within a series, and what
  /// lies before its first row is not what came before it (another data set, rows left out).
  [[nodiscard]] virtual std::vector<Index> series() const { return {0}; }
  /// See DatasetReader.
  [[nodiscard]] virtual ElementPlace place(Index row, Index feature) const {
    return {where(row), feature};
  }
  virtual void read_steps(Range steps, std::span<std::byte> bytes) const {
    read_rows(steps, bytes);
  }
  [[nodiscard]] virtual ElementPlace place_in_step(Index step, Index feature) const {
    return place(step, feature);
  }
  [[nodiscard]] virtual Index time_steps() const { return info().rows(); }
  [[nodiscard]] virtual Index first_time_step(Index row) const { return row; }
  /// Ascending, disjoint ranges of rows, one after the other; at least one, and none of them empty.
  virtual void read_runs(std::span<const Range> runs, std::span<std::byte> bytes) const;
  /// See DatasetReader; for sources whose info().entries is known. Appends.
  virtual void read_sparse(std::span<const Range> runs, CompressedRows& rows) const;
  /// Gives back what is kept in memory for the next read.
  virtual void release() const {}
};

/// The rows that an address names, before the views of its options choose among them.
[[nodiscard]] std::unique_ptr<RowSource> open_whole(const DatasetAddress& address);
/// Those of them that the views choose (row_split.hpp).
[[nodiscard]] RowRuns chosen_of(const RowSource& whole, const DatasetAddress& address);

/// What an address means: a stored data set, or several as one, and the views of it that its
/// options ask for. Throws as DatasetReader does and as select_indices().
[[nodiscard]] std::unique_ptr<RowSource> open_rows(const DatasetAddress& address);

}  // namespace hourglass
