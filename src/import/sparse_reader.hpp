#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/compressed_rows.hpp"
#include "core/row_entries.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/types.hpp"
#include "import/row_reader.hpp"

namespace hourglass {

/// Samples as an importer copies them into a sparse matrix: without their zeros.
class SparseReader {
 public:
  virtual ~SparseReader() = default;

  /// The file or data set, for messages.
  [[nodiscard]] virtual const std::string& path() const = 0;
  [[nodiscard]] virtual ElementType type() const = 0;
  [[nodiscard]] virtual Index samples() const = 0;
  [[nodiscard]] virtual Index features() const = 0;
  /// Of the features and of the samples; empty when unknown.
  [[nodiscard]] virtual std::vector<std::string> feature_names() const { return {}; }
  [[nodiscard]] virtual std::vector<std::string> sample_names() const { return {}; }
  [[nodiscard]] virtual std::vector<std::string> files() const = 0;
  /// Whether a NaN is a missing value that the format knows.
  [[nodiscard]] virtual bool may_miss_values() const { return false; }

  /// Feature f becomes feature places[f] of the result, or is left out where that is -1. Before
  /// count().
  void set_places(std::vector<std::int32_t> places) { places_ = std::move(places); }

  /// The elements of each sample. Collective; throws Error(data) naming file and reason, the same
  /// on every rank.
  [[nodiscard]] virtual std::vector<Index> count(const Communicator& communicator) = 0;
  /// The samples that each of some ranks reads, in pieces of bounded memory: ascending for each
  /// rank, and all samples together. `entries` is what count() found.
  [[nodiscard]] virtual std::vector<std::vector<Range>> pieces(const RowEntries& entries,
                                                               Index ranks) const = 0;
  /// Appends the samples of a piece, whose elements ascend and are as many as `entries` says. A
  /// rank reads its pieces in order, but not necessarily all.
  virtual void read(Range samples, const RowEntries& entries, CompressedRows& rows) = 0;

 protected:
  [[nodiscard]] const std::vector<std::int32_t>& places() const { return places_; }

 private:
  std::vector<std::int32_t> places_;  // empty: as they are
};

/// Appends the elements of dense rows that are not zero; NaN is not.
void append_nonzero(ElementType type, std::span<const std::byte> dense, Index width,
                    CompressedRows& rows);

/// The rows of an array that is not sparse. `again` opens the same array a second time: the first
/// is read for the numbers of elements.
[[nodiscard]] std::unique_ptr<SparseReader> sparse_from_rows(std::unique_ptr<RowReader> first,
                                                             std::unique_ptr<RowReader> again);

/// The samples of a data set or of a sparse matrix in an HDF5 file, whichever way it is stored.
/// Throws as DatasetReader.
[[nodiscard]] std::unique_ptr<SparseReader> open_sparse_hdf5(const DatasetAddress& address);

}  // namespace hourglass
