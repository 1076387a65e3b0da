#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/types.hpp"
#include "import/row_reader.hpp"

namespace hourglass {

/// Result of an import.
struct ImportResult {
  std::vector<Index> shape;
  ElementType type = ElementType::u8;
  Index labels = 0;  ///< 0 when there were none
};

/// The sources of an import: arrays whose rows come one after the other.
struct ImportSources {
  std::vector<std::unique_ptr<RowReader>> samples;  ///< at least one
  std::vector<std::unique_ptr<RowReader>> labels;   ///< or none
  std::vector<std::string> notes;                   ///< what was found in them, for the user
};

/// The destination of the rows, and how they are stored.
struct ImportSettings {
  DatasetAddress output;  ///< FILE.h5:/group
  int compression = 0;    ///< deflate level 1 to 9; 0: none
  /// Called on every rank after each round with the rows done by all of them, and all rows.
  std::function<void(Index done, Index total)> progress;
  /// Options of the importers that shape the values: an interrupted import is continued only with
  /// the same.
  std::string options;
  /// Called on rank 0 with a line for the user.
  std::function<void(const std::string& line)> note;
};

/// Copies the samples to <output.path>/samples of an HDF5 file, new or existing, and the labels, if
/// there are any, to <output.path>/labels (no path: the root group); the names of classes become
/// the attribute "classes" of the labels. Type and shape are kept; the rows are chunked for reading
/// blocks of them. Each rank copies its part of each source, except that rank 0 does all when it
/// compresses. The output appears, or changes, only when all of it was written. Collective; throws
/// the same Error on every rank: Error(data), naming both, when sources differ in type, in the
/// shape of a sample or in the names of classes, when there are no rows, or labels are not a
/// one-dimensional integer array of as many elements; Error(usage) for another compression level or
/// when the group has such data sets already; what the readers throw; Error(io) when the file
/// cannot be written.
ImportResult import_rows(const Communicator& communicator, const ImportSources& sources,
                         const ImportSettings& settings);

/// The same for IDX files, by this rank alone; no labels when `labels` is empty.
ImportResult import_idx(const std::string& source, const std::string& labels,
                        const DatasetAddress& output, int compression);

}  // namespace hourglass
