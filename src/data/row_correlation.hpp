#pragma once

#include "data/normalization.hpp"
#include "data/row_sample.hpp"

namespace hourglass {

/// How alike neighbouring rows are: in runs of near-duplicates, sorted data, or a series cut into
/// windows.
struct RowCorrelation {
  /// Mean squared distance of neighbours over that of rows far apart, as network inputs: about 1 in
  /// random order.
  double neighbour_distance = 1;
  /// Rows until the distance is half of that of rows far apart, as a power of 4, or half of the
  /// data set; 1 where neighbours are farther apart than that already.
  Index length = 1;
};

/// From the rows of `sample`, and where these are alike some more. Throws as
/// DatasetReader::read_rows.
[[nodiscard]] RowCorrelation row_correlation(const DatasetReader& reader, const RowSample& sample,
                                             const InputTransform& transform);

}  // namespace hourglass
