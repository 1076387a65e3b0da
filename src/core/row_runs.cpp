#include "core/row_runs.hpp"

#include <algorithm>

namespace hourglass {

void RowRuns::append(Index first, Index count, Index step) {
  if (count <= 0) return;
  if (count == 1) step = 1;
  if (!runs_.empty()) {
    const Piece last = run(runs_.size() - 1);
    if (last.step == step && last.first + last.count * step == first) {
      size_ += count;
      return;
    }
  }
  runs_.push_back({size_, first, step});
  size_ += count;
}

RowRuns::Piece RowRuns::run(std::size_t run) const {
  const Run& r = runs_[run];
  const Index end = run + 1 < runs_.size() ? runs_[run + 1].position : size_;
  return {r.position, r.first, end - r.position, r.step};
}

std::size_t RowRuns::run_of(Index position) const {
  const auto after = std::upper_bound(runs_.begin(), runs_.end(), position,
                                      [](Index p, const Run& r) { return p < r.position; });
  return static_cast<std::size_t>(after - runs_.begin()) - 1;
}

Index RowRuns::row(Index position) const {
  const Run& r = runs_[run_of(position)];
  return r.first + (position - r.position) * r.step;
}

std::vector<RowRuns::Piece> RowRuns::pieces(Range positions) const {
  std::vector<Piece> result;
  if (positions.empty()) return result;
  for (std::size_t r = run_of(positions.begin); r < runs_.size(); ++r) {
    const Piece whole = run(r);
    if (whole.position >= positions.end) break;
    const Index begin = std::max(positions.begin, whole.position);
    const Index end = std::min(positions.end, whole.position + whole.count);
    result.push_back(
        {begin, whole.first + (begin - whole.position) * whole.step, end - begin, whole.step});
  }
  return result;
}

}  // namespace hourglass
