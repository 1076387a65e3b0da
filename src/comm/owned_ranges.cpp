#include "comm/owned_ranges.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>

#include "comm/mpi_check.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

using RangesOfRanks = std::vector<std::vector<Range>>;

RangesOfRanks exchange_ranges(const Communicator& communicator, std::span<const Range> own) {
  std::string bytes(own.size_bytes(), '\0');
  if (!own.empty()) std::memcpy(bytes.data(), own.data(), own.size_bytes());
  RangesOfRanks ranges;
  for (const std::string& text : communicator.all_gather(bytes)) {
    ranges.emplace_back(text.size() / sizeof(Range));
    if (!text.empty()) std::memcpy(ranges.back().data(), text.data(), text.size());
  }
  return ranges;
}

void check_disjoint(const RangesOfRanks& ranges) {
  std::vector<Range> sorted;
  for (const auto& of_rank : ranges) {
    std::ranges::copy_if(of_rank, std::back_inserter(sorted),
                         [](const Range& range) { return !range.empty(); });
  }
  std::ranges::sort(sorted, {}, &Range::begin);
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    require(sorted[i].begin >= (i == 0 ? 0 : sorted[i - 1].end),
            "two ranks own the same part of an arena");
  }
}

OwnedRanges::Round make_round(const RangesOfRanks& ranges, std::size_t n) {
  OwnedRanges::Round round{std::numeric_limits<Index>::max(), {}, {}};
  const auto nth = [&](const std::vector<Range>& of_rank) {
    return n < of_rank.size() ? of_rank[n] : Range{};
  };
  for (const auto& of_rank : ranges) {
    if (const Range range = nth(of_rank); !range.empty())
      round.base = std::min(round.base, range.begin);
  }
  for (const auto& of_rank : ranges) {
    const Range range = nth(of_rank);
    round.counts.push_back(range.empty() ? 0 : detail::mpi_count(range.size()));
    round.offsets.push_back(range.empty() ? 0 : detail::mpi_count(range.begin - round.base));
  }
  return round;
}

}  // namespace

OwnedRanges::OwnedRanges(const Communicator& communicator, std::span<const Range> own)
    : own_(own.begin(), own.end()) {
  const RangesOfRanks ranges = exchange_ranges(communicator, own);
  check_disjoint(ranges);
  std::size_t most = 0;
  for (const auto& of_rank : ranges) {
    most = std::max(most, of_rank.size());
    for (const Range& range : of_rank) end_ = std::max(end_, range.empty() ? 0 : range.end);
  }
  for (std::size_t n = 0; n < most; ++n) {
    Round round = make_round(ranges, n);
    if (std::ranges::any_of(round.counts, [](int count) { return count > 0; }))
      rounds_.push_back(std::move(round));
  }
}

}  // namespace hourglass
