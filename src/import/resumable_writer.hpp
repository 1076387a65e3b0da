#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/range_set.hpp"
#include "hdf5/dataset_writer.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// Writes uncompressed data sets as DatasetWriter does, so that a writing that was killed can go
/// on: the temporary has a name that follows from the file's (AtomicFile::continued), every data
/// set has its place in it from the beginning, rows are written there by plain system calls, and a
/// journal beside it says which of them are on the disk. Any number of ranks may go on. What was
/// left by a writing of something else is thrown away.
///
/// Every method but write_rows is collective, and all ranks throw the same error. The destructor
/// does not communicate: without commit() or keep() rank 0 removes temporary and journal, and
/// nothing has changed.
class ResumableWriter {
 public:
  /// `content` says what is written (its sources, with their times and sizes, say): only with the
  /// same content, data sets and state of the file is a writing continued. Throws Error(usage) when
  /// a data set exists already or another process is writing, Error(io).
  ResumableWriter(const Communicator& communicator, const std::string& file,
                  std::vector<DatasetSpec> datasets, const std::string& content);
  ResumableWriter(const ResumableWriter&) = delete;
  ResumableWriter& operator=(const ResumableWriter&) = delete;
  ~ResumableWriter();

  /// The rows that are there already. The same on every rank.
  [[nodiscard]] const RangeSet& finished(std::size_t dataset) const;
  /// Whether something else had been begun, and was thrown away. On rank 0.
  [[nodiscard]] bool discarded() const;

  /// Writes rows of data set number `dataset`, in native byte order. Local. Throws Error(io).
  void write_rows(std::size_t dataset, Range rows, std::span<const std::byte> values);
  /// Tells that every rank has written its part of these rows. Now and then, so that it costs less
  /// than a tenth of the time, all ranks flush to the disk and the journal takes them in.
  void note_written(std::size_t dataset, std::span<const Range> rows);

  /// Flushes, and leaves temporary and journal for the next writer of the same.
  void keep();
  /// Flushes and gives the file its name. Throws Error(bug) when rows are missing, Error(io).
  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hourglass
