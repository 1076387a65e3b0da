#include "core/row_entries.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace hourglass {

RowEntries::RowEntries(std::vector<Index> starts)
    : starts_(std::make_shared<const std::vector<Index>>(std::move(starts))) {}

Index RowEntries::most(Range rows, Index block, Index blocks) const {
  std::vector<Index> counts;
  for (Index begin = rows.begin; begin < rows.end;) {
    const Index end = block < rows.end - begin ? begin + block : rows.end;
    counts.push_back(count({begin, end}));
    begin = end;
  }
  const auto taken = static_cast<std::ptrdiff_t>(
      std::min<Index>(std::max<Index>(blocks, 0), static_cast<Index>(counts.size())));
  std::nth_element(counts.begin(), counts.begin() + taken, counts.end(), std::greater<>());
  Index sum = 0;
  for (auto each = counts.begin(); each != counts.begin() + taken; ++each) sum += *each;
  return sum;
}

}  // namespace hourglass
