#include "hdf5/row_steps.hpp"

#include <algorithm>
#include <utility>

namespace hourglass {

RowSteps::RowSteps(Index length, Index stride, std::vector<Series> series)
    : length_(length), stride_(stride), series_(std::move(series)) {}

Index RowSteps::first(Index row) const {
  if (series_.empty()) return row;
  const auto after = std::ranges::upper_bound(series_, row, {}, &Series::row);
  const Series& series = *(after - 1);
  return series.step + (row - series.row) * stride_;
}

}  // namespace hourglass
