#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hdf5/group_spec.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// A data set to be made.
struct DatasetSpec {
  std::string path;          ///< absolute: "/train/samples"; groups above it are made when missing
  std::vector<Index> shape;  ///< rows first; at least one dimension
  ElementType type = ElementType::f32;  ///< stored little-endian
  Index chunk_rows = 0;                 ///< rows of a chunk; 0: contiguous
  int compression =
      0;  ///< deflate level 1 to 9 after byte shuffling, 0 for none; needs chunks and a single rank
  std::map<std::string, std::string> texts;               ///< attributes of the data set
  std::map<std::string, std::vector<std::string>> lists;  ///< attributes of several texts
  std::map<std::string, std::string> long_texts;          ///< attributes beyond 32 KiB, perhaps
  std::vector<GroupSpec> groups;                          ///< that are made with it
  std::vector<TextSpec> text_sets;                        ///< likewise
};

/// What a file holds besides the data sets that are written to it.
struct FileFrame {
  std::string copy_of;  ///< the output begins as a copy of this file; empty: as it is, if it exists
  /// Called on rank 0 for the temporary file, closed, once it holds the empty data sets.
  std::function<void(const std::string& temporary, const std::string& name)> complete;
};

/// Rows of a chunk for reading blocks of rows in any order: about 128 KiB, a multiple of 32 rows
/// where rows are small.
[[nodiscard]] Index suggested_chunk_rows(const std::vector<Index>& shape, ElementType type);

/// Whether a file can take these data sets: Error(usage) when one exists already ("already exists;
/// choose another group or remove the file"), Error(io) or Error(data) as for reading when the file
/// exists but is not a sound HDF5 file. For a check before long work; the writer checks again.
/// Local.
void check_output(const std::string& file, std::span<const std::string> paths);

/// Writes numeric data sets to a new or an existing HDF5 file; several ranks write disjoint rows of
/// one file (parallel HDF5 over MPI-IO, collective transfers; the plain POSIX driver on one rank).
/// The final name appears, or changes, only with commit(): until then everything goes to a
/// temporary in the same folder, which starts as a copy when the file exists. Move-only.
///
/// Every method is collective; errors are agreed, so all ranks throw the same one. The destructor
/// does not communicate: without commit() rank 0 removes the temporary and nothing has changed.
class DatasetWriter {
 public:
  /// Makes all data sets and takes the disk space for the uncompressed ones. Throws Error(usage)
  /// when a data set exists already, Error(io) when the place cannot be written or has too little
  /// space.
  DatasetWriter(const Communicator& communicator, const std::string& file,
                std::vector<DatasetSpec> datasets, const FileFrame& frame = {});
  DatasetWriter(DatasetWriter&&) noexcept;
  DatasetWriter& operator=(DatasetWriter&&) noexcept;
  ~DatasetWriter();

  /// Writes rows [rows.begin, rows.end) of data set number `dataset`: rows.size() * (bytes of a
  /// row) bytes in native byte order. All ranks call it equally often; one with nothing (left) to
  /// write gives an empty range. Every row is written once. Throws Error(io), after which the
  /// writer can only be destroyed.
  void write_rows(std::size_t dataset, Range rows, std::span<const std::byte> values);

  /// Closes the file, fsyncs it and gives it its name. Throws Error(bug) when rows are missing,
  /// Error(io).
  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hourglass
