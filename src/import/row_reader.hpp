#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "data/columns.hpp"
#include "formats/array_format.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// The rows of one array as an importer copies them, independent of their format. What shape()
/// says has been compared with what is there, as far as that can be known without reading
/// everything.
class RowReader {
 public:
  virtual ~RowReader() = default;

  /// The file, for messages.
  [[nodiscard]] virtual const std::string& path() const = 0;
  [[nodiscard]] virtual ElementType type() const = 0;
  [[nodiscard]] virtual const std::vector<Index>& shape() const = 0;
  [[nodiscard]] Index rows() const { return shape().front(); }
  [[nodiscard]] Index row_bytes() const;

  /// The rows that rank `rank` of `ranks` is to read; the parts of all ranks are all rows. Even
  /// parts, unless the format can be read from its beginning only (then rank 0 has all) or is
  /// divided otherwise.
  [[nodiscard]] virtual Range part(Index rank, Index ranks) const {
    return even_part(rows(), ranks, rank);
  }

  /// Reads rows to `bytes` (rows.size() * row_bytes()), in native byte order. A rank reads its part
  /// in order and without gaps. Throws Error(data) naming file, row and reason; Error(io) when
  /// reading failed.
  virtual void read_rows(Range rows, std::span<std::byte> bytes) = 0;

  /// Passes over rows instead of reading them, for formats that cannot be read at any row. They
  /// have been read before, so what is wrong with them need not be found again.
  virtual void skip_rows(Range rows) { static_cast<void>(rows); }

  /// The files that the rows come from.
  [[nodiscard]] virtual std::vector<std::string> files() const { return {path()}; }

  /// The names that labels stand for, by number; empty when there are none.
  [[nodiscard]] virtual const std::vector<std::string>& classes() const;

  /// What the features are, where the format knows it; empty otherwise.
  [[nodiscard]] virtual const std::vector<Column>& columns() const;

  /// Units of the values; may be empty.
  [[nodiscard]] virtual std::string units() const { return ""; }

  /// What was found about the values, for the user; may be empty.
  [[nodiscard]] virtual std::string note() const { return ""; }

  /// Whether a NaN is a missing value that the format knows, and not a mistake.
  [[nodiscard]] virtual bool may_miss_values() const { return false; }

 protected:
  /// skip_rows of formats without random access.
  void read_and_drop(Range rows);
};

}  // namespace hourglass
