#pragma once

#include <optional>

#include "core/row_runs.hpp"
#include "hdf5/hdf5.hpp"

namespace hourglass {

/// The numbers that the samples of a reader have among all rows of the data set (of several,
/// counted through), whichever of them its views choose.
class RowNumbers {
 public:
  /// Of the data set that `reader`, which must outlive this, has open. Opens it a second time when
  /// rows are chosen; throws as DatasetReader does.
  explicit RowNumbers(const DatasetReader& reader);

  /// Of a window, the number of its first row.
  [[nodiscard]] Index of(Index sample) const;

 private:
  const DatasetReader* reader_;
  std::optional<RowRuns> chosen_;
};

}  // namespace hourglass
