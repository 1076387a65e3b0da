#pragma once

#include <algorithm>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// A set of integers, stored as sorted disjoint ranges, e.g. of the rows that are done.
class RangeSet {
 public:
  void add(Range range) {
    if (range.empty()) return;
    auto first = std::ranges::lower_bound(ranges_, range.begin, {}, &Range::end);
    auto last = first;
    for (; last != ranges_.end() && last->begin <= range.end; ++last) {
      range = {std::min(range.begin, last->begin), std::max(range.end, last->end)};
    }
    first = ranges_.erase(first, last);
    ranges_.insert(first, range);
  }

  /// Sorted and disjoint; neighbours never touch.
  [[nodiscard]] const std::vector<Range>& ranges() const { return ranges_; }

  /// The number of elements of `within` that are in the set.
  [[nodiscard]] Index count(Range within) const {
    Index missing_numbers = 0;
    for (const Range& gap : missing(within)) missing_numbers += gap.size();
    return within.size() - missing_numbers;
  }

  /// The parts of `within` that are not in the set, sorted.
  [[nodiscard]] std::vector<Range> missing(Range within) const {
    std::vector<Range> gaps;
    for (auto next = std::ranges::upper_bound(ranges_, within.begin, {}, &Range::end);
         next != ranges_.end() && next->begin < within.end; ++next) {
      if (next->begin > within.begin) gaps.push_back({within.begin, next->begin});
      within.begin = std::min(within.end, next->end);
    }
    if (within.begin < within.end) gaps.push_back(within);
    return gaps;
  }

 private:
  std::vector<Range> ranges_;
};

}  // namespace hourglass
