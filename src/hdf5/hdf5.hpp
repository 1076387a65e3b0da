#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/compressed_rows.hpp"
#include "core/element_type.hpp"
#include "core/row_entries.hpp"
#include "hdf5/read_options.hpp"
#include "hdf5/row_steps.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// Where a data set lies: "FILE.h5:/path/to/dataset". The path is empty when only a file was named.
struct DatasetAddress {
  std::string file;
  std::string path;
  ReadOptions options = {};
};

/// Splits at the last ":/" (so that colons may occur in file names). "~" and variables are the
/// shell's business.
[[nodiscard]] DatasetAddress parse_address(const std::string& text);
[[nodiscard]] std::string to_string(const DatasetAddress& address);

/// E.g. "1.10.8, parallel".
[[nodiscard]] std::string hdf5_version();

/// Facts about a data set that are known without reading its values.
struct DatasetInfo {
  DatasetAddress address;
  std::vector<Index> shape;
  ElementType type = ElementType::f32;
  bool chunked = false;
  std::vector<Index> chunk;                ///< when chunked
  std::vector<std::string> filters;        ///< e.g. "deflate", "shuffle"
  std::vector<std::string> feature_names;  ///< features() names, or none when unknown
  RowSteps steps;                          ///< how rows overlap in storage
  RowEntries entries;                      ///< known when read_sparse() can be called
  std::vector<std::string> axes;           ///< names of the dimensions, or none when unknown
  Index leading_channels = 0;              ///< that are stored first and read last
  std::string units;                       ///< of the values, as the file names them; may be empty
  std::string decoding;   ///< how values are made from what is stored, in words; empty: as stored
  std::string missing;    ///< by which the file marks missing values, in words; read as NaN
  bool as_stored = true;  ///< rows are delivered as they lie in the file
  Index rows_per_unpacking = 1;  ///< rows that are unpacked together, if any are
  Index unpacking_bytes = 0;     ///< the most that is held while rows are unpacked

  [[nodiscard]] Index rows() const { return shape.empty() ? 0 : shape.front(); }
  /// Product of the other dimensions; 1 for a one-dimensional set.
  [[nodiscard]] Index features() const;
  [[nodiscard]] Index row_bytes() const { return features() * size_of(type); }
  [[nodiscard]] Index step_bytes() const { return row_bytes() / steps.length(); }
};

/// Where a number of a row lies, for messages: "FILE.h5:/path: row N" and the number of the feature
/// in that row.
struct ElementPlace {
  std::string row;
  Index feature = 0;
};

class RowSource;

/// Samples open for reading: the plain POSIX driver, read-only, without file locks, under the
/// process-wide HDF5 lock, so a prefetch thread may read while others open files. Move-only.
class DatasetReader {
 public:
  /// Throws Error(io) for a missing or unreadable file; Error(data) when it is not HDF5, is
  /// truncated, has no such data set (the message lists the data sets that exist, nearest name
  /// first), or the set is not numeric, and when no path is given and the file does not hold
  /// exactly one candidate. An address may name several data sets, which are read as one
  /// (hdf5/address_list.hpp); Error(data) too when they differ in type or in the shape of a sample.
  /// Unless the address allows it, nothing is followed out of the file: external links, external
  /// storage, virtual sets over other files and filters that come as plug-ins are refused.
  /// Plug-ins, once allowed, are so for the whole process.
  explicit DatasetReader(const DatasetAddress& address);
  DatasetReader(DatasetReader&&) noexcept;
  DatasetReader& operator=(DatasetReader&&) noexcept;
  ~DatasetReader();

  [[nodiscard]] const DatasetInfo& info() const;
  /// "FILE.h5:/path: row N", for messages: the file that the row lies in, and its number there.
  [[nodiscard]] std::string where(Index row) const;
  /// Reads rows [rows.begin, rows.end) to `bytes` (rows.size() * info().row_bytes() bytes). Throws
  /// Error(data) on corruption.
  void read_rows(Range rows, std::span<std::byte> bytes) const;
  /// Reads ascending, disjoint ranges of rows to `bytes`, one after the other; a compressed chunk
  /// is unpacked once, however many of them lie in it. Throws as read_rows.
  void read_runs(std::span<const Range> runs, std::span<std::byte> bytes) const;
  /// The same rows without their zeros, of info().type: appended to `rows`. Only when
  /// info().entries is known.
  void read_sparse(std::span<const Range> runs, CompressedRows& rows) const;
  /// Gives back the memory that is kept for the next read, of at most info().unpacking_bytes.
  void release() const;

  /// The same for steps (info().steps): read_rows() of rows that overlap copies what they share.
  void read_steps(Range steps, std::span<std::byte> bytes) const;
  [[nodiscard]] ElementPlace place(Index row, Index feature) const;
  [[nodiscard]] ElementPlace place_in_step(Index step, Index feature) const;

  /// Of windows: the rows of the series that they are made of, and the first one of window `row`;
  /// the others follow it. Of other data: the rows.
  [[nodiscard]] Index time_steps() const;
  [[nodiscard]] Index first_time_step(Index row) const;

 private:
  std::unique_ptr<RowSource> rows_;
};

}  // namespace hourglass
