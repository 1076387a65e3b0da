#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hdf5/dataset_writer.hpp"
#include "hourglass/core/types.hpp"
#include "import/row_reader.hpp"

namespace hourglass {

/// Sources whose rows come one after the other in a data set.
using RowReaders = std::vector<std::unique_ptr<RowReader>>;

/// Throws Error(data), naming two, unless the rows of all of them can lie in one array: alike in
/// type, in the shape of a sample, in units, columns and the names of classes.
void check_alike(const RowReaders& readers);

/// Throws Error(data) when they are more than can be counted.
[[nodiscard]] Index total_rows(const RowReaders& readers);

/// Throws Error(data) unless they are one-dimensional integers, one for each of as many samples of
/// the file `path`.
void check_labels(const RowReaders& labels, Index samples, const std::string& path);

/// The data set of their rows at `path`, with the names of classes and features.
[[nodiscard]] DatasetSpec rows_spec(const std::string& path, const RowReaders& readers,
                                    int compression);

}  // namespace hourglass
