#include "core/active_rows.hpp"

#include <algorithm>
#include <bit>

#include "hourglass/core/error.hpp"

namespace hourglass {

// Joins parts that touch or overlap: rows of neighbouring units, or rows that share a cell.
class ActiveRows::Joiner {
 public:
  explicit Joiner(FunctionRef<void(Range part)> visit) : visit_(visit) {}

  void add(Range part) {
    if (part.begin >= part.end) return;
    if (part.begin <= open_.end && !open_.empty()) {
      open_.end = std::max(open_.end, part.end);
      return;
    }
    finish();
    open_ = part;
  }
  void finish() {
    if (!open_.empty()) visit_(open_);
    open_ = {};
  }

 private:
  FunctionRef<void(Range part)> visit_;
  Range open_{0, 0};
};

ActiveRows::ActiveRows(std::vector<UnitRows> tensors, Index units)
    : tensors_(std::move(tensors)),
      units_(units),
      words_(static_cast<std::size_t>(round_up(units, 64)) / 64) {
  Index end = 0;
  for (const UnitRows& tensor : tensors_) {
    require(tensor.offset >= end && tensor.offset % cell_floats == 0 && tensor.width > 0,
            "tensors with rows of units out of order");
    end = extent(tensor).end;
  }
}

void ActiveRows::clear() { std::ranges::fill(words_, 0); }

void ActiveRows::fill() {
  for (Index unit = 0; unit < units_; ++unit) add(unit);
}

void ActiveRows::add(const ActiveRows& other) {
  require(other.units_ == units_, "a union of different units");
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
}

Index ActiveRows::count() const {
  Index count = 0;
  for (const std::uint64_t word : words_) count += std::popcount(word);
  return count;
}

Range ActiveRows::extent(const UnitRows& tensor) const {
  return {tensor.offset, tensor.offset + round_up(units_ * tensor.width, cell_floats)};
}

void ActiveRows::join_rows(const UnitRows& tensor, Range floats, Joiner& joiner) const {
  const Range all = extent(tensor);
  const Index begin = std::max(all.begin, floats.begin) - tensor.offset;
  const Index end = std::min(all.end, floats.end) - tensor.offset;
  if (begin >= end) return;
  const Index last = std::min(units_, (end + tensor.width - 1) / tensor.width);
  for (Index unit = begin / tensor.width; unit < last;) {
    const std::uint64_t word = words_[static_cast<std::size_t>(unit) / 64] >> (unit % 64);
    if (word == 0) {
      unit = unit / 64 * 64 + 64;
      continue;
    }
    unit += std::countr_zero(word);
    if (unit >= last) return;
    const Index row = unit * tensor.width;
    const Index first_cell = row / cell_floats * cell_floats;
    const Index row_end = round_up(row + tensor.width, cell_floats);
    joiner.add(
        {tensor.offset + std::max(begin, first_cell), tensor.offset + std::min(end, row_end)});
    ++unit;
  }
}

void ActiveRows::for_parts(Range floats, FunctionRef<void(Range part)> visit) const {
  Joiner joiner(visit);
  Index at = floats.begin;
  for (const UnitRows& tensor : tensors_) {
    const Range rows = extent(tensor);
    if (rows.end <= at || rows.begin >= floats.end) continue;
    joiner.add({at, rows.begin});
    join_rows(tensor, floats, joiner);
    at = std::min(rows.end, floats.end);
  }
  joiner.add({at, floats.end});
  joiner.finish();
}

Index ActiveRows::floats_in(Range floats) const {
  Index count = 0;
  const auto add = [&](Range part) { count += part.size(); };
  for_parts(floats, add);
  return count;
}

void ActiveRows::zero(float* arena) const {
  const auto fill = [&](Range part) { std::fill(arena + part.begin, arena + part.end, 0.0F); };
  for (const UnitRows& tensor : tensors_) {
    Joiner joiner(fill);
    join_rows(tensor, extent(tensor), joiner);
    joiner.finish();
  }
}

}  // namespace hourglass
