#include "hdf5/windows.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/buffer.hpp"
#include "core/counted.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

std::size_t bytes_of(Index rows, Index row_bytes) {
  return static_cast<std::size_t>(rows * row_bytes);
}

}  // namespace

Windows::Windows(std::unique_ptr<RowSource> base, Index length, Index stride, const RowViews& views)
    : base_(std::move(base)), length_(length), stride_(stride), info_(base_->info()) {
  if (length < 1 || stride < 1) {
    throw Error(ErrorKind::usage, "--window and --stride must be at least 1, not " +
                                      std::to_string(length) + " and " + std::to_string(stride));
  }
  std::vector<Index> starts = base_->series();
  starts.push_back(info_.rows());
  Index windows = 0;
  Index steps = 0;
  Index longest = 0;
  std::vector<RowSteps::Series> overlaps;
  for (std::size_t s = 0; s + 1 < starts.size(); ++s) {
    const Index rows = starts[s + 1] - starts[s];
    longest = std::max(longest, rows);
    if (rows < length) continue;
    const Index count = (rows - length) / stride + 1;
    series_.push_back({windows, steps, starts[s], count});
    overlaps.push_back({windows, steps});
    windows += count;
    steps += overlap() ? (count - 1) * stride + length : count;
  }
  if (windows == 0) {
    throw Error(ErrorKind::usage, "--window " + std::to_string(length) +
                                      " is longer than every series of " +
                                      to_string(info_.address) + ": the longest has " +
                                      counted(longest, "row") + "; use a shorter window");
  }
  if (overlap()) info_.steps = RowSteps(length, stride, std::move(overlaps));
  info_.axes.clear();
  info_.entries = {};
  info_.rows_per_unpacking = 1;
  info_.chunked = false;
  info_.chunk.clear();
  info_.shape.front() = windows;
  info_.shape.insert(info_.shape.begin() + 1, length);
  if (!info_.feature_names.empty()) {
    // Feature c of step t: "pressure[3]".
    const std::vector<std::string> channels = std::move(info_.feature_names);
    info_.feature_names.clear();
    for (Index t = 0; t < length; ++t) {
      for (const std::string& channel : channels)
        info_.feature_names.push_back(channel + "[" + std::to_string(t) + "]");
    }
  }
  info_.address.options.views = views;
}

const Windows::Series& Windows::series_of(Index row) const {
  return *(std::ranges::upper_bound(series_, row, {}, &Series::row) - 1);
}

Index Windows::base_row(Index row) const {
  const Series& series = series_of(row);
  return series.base + (row - series.row) * stride_;
}

std::string Windows::where(Index row) const { return base_->where(base_row(row)); }

ElementPlace Windows::place(Index row, Index feature) const {
  const Index channels = base_->info().features();
  return base_->place(base_row(row) + feature / channels, feature % channels);
}

ElementPlace Windows::place_in_step(Index step, Index feature) const {
  if (!overlap()) return place(step, feature);
  const Series& series = *(std::ranges::upper_bound(series_, step, {}, &Series::step) - 1);
  return base_->place(series.base + step - series.step, feature);
}

std::vector<Index> Windows::series() const {
  std::vector<Index> starts;
  for (const Series& series : series_) starts.push_back(series.row);
  return starts;
}

void Windows::read_steps(Range steps, std::span<std::byte> bytes) const {
  if (!overlap()) return read_rows(steps, bytes);
  const Index row_bytes = base_->info().row_bytes();
  auto series = std::ranges::upper_bound(series_, steps.begin, {}, &Series::step) - 1;
  for (Index begin = steps.begin; begin < steps.end; ++series) {
    const Index behind = series->step + (series->windows - 1) * stride_ + length_;
    const Index end = std::min(steps.end, behind);
    const Index first = series->base + begin - series->step;
    base_->read_rows(
        {first, first + end - begin},
        bytes.subspan(bytes_of(begin - steps.begin, row_bytes), bytes_of(end - begin, row_bytes)));
    begin = end;
  }
}

void Windows::read_rows(Range rows, std::span<std::byte> bytes) const {
  const Index row_bytes = info_.row_bytes();
  const Index step_bytes = base_->info().row_bytes();
  if (!overlap()) {
    for (Index row = rows.begin; row < rows.end; ++row) {
      const Index first = base_row(row);
      base_->read_rows(
          {first, first + length_},
          bytes.subspan(bytes_of(row - rows.begin, row_bytes), bytes_of(1, row_bytes)));
    }
    return;
  }
  // A read of about 1 MiB of steps makes many windows of them, in the cache.
  const Index most = std::max<Index>(1, (Index{1} << 20) / step_bytes / stride_);
  Buffer<std::byte> stored;
  for (Index begin = rows.begin; begin < rows.end; begin += most) {
    const Range part{begin, std::min(rows.end, begin + most)};
    const Range steps = info_.steps.of(part);
    if (stored.size() < steps.size() * step_bytes)
      stored = Buffer<std::byte>(steps.size() * step_bytes);
    read_steps(steps, stored.span().first(bytes_of(steps.size(), step_bytes)));
    for (Index row = part.begin; row < part.end; ++row) {
      std::memcpy(bytes.data() + (row - rows.begin) * row_bytes,
                  stored.data() + (info_.steps.first(row) - steps.begin) * step_bytes,
                  bytes_of(1, row_bytes));
    }
  }
}

}  // namespace hourglass
