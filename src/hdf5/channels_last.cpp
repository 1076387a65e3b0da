#include "hdf5/channels_last.hpp"

#include <algorithm>
#include <utility>

#include "core/buffer.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// Of {N, C, H, W}, {N, H, W, C}.
template <class T>
void move_second_last(std::vector<T>& values) {
  if (values.size() > 2) std::rotate(values.begin() + 1, values.begin() + 2, values.end());
}

}  // namespace

ChannelsLast::ChannelsLast(std::unique_ptr<RowSource> rows, Index channels)
    : rows_(std::move(rows)), info_(rows_->info()) {
  const auto& shape = info_.shape;
  const bool flat = shape.size() == 2;
  const bool first = shape.size() > 2 && shape[1] == channels;
  const bool last = shape.size() > 2 && shape.back() == channels;
  info_.address.options.leading_channels = channels;
  info_.entries = {};
  if ((channels == 1 && !first) || (last && !first)) return;
  if (!first && !(flat && shape[1] % channels == 0)) {
    throw Error(ErrorKind::data, to_string(info_.address) + ": its samples have no axis of " +
                                     std::to_string(channels) +
                                     " channels, which --channels first expects");
  }
  moves_ = true;
  info_.leading_channels = channels;
  grid_ = {channels, info_.features() / channels, size_of(info_.type)};
  move_second_last(info_.shape);
  move_second_last(info_.chunk);
  move_second_last(info_.axes);
  if (!info_.feature_names.empty()) {
    const std::vector<std::string> stored = info_.feature_names;
    for (std::size_t i = 0; i < stored.size(); ++i)
      info_.feature_names[i] =
          stored[static_cast<std::size_t>(grid_.stored_index(static_cast<Index>(i)))];
  }
}

void ChannelsLast::read_rows(Range rows, std::span<std::byte> bytes) const {
  read_runs({&rows, 1}, bytes);
}

void ChannelsLast::read_runs(std::span<const Range> runs, std::span<std::byte> bytes) const {
  if (!moves_) return rows_->read_runs(runs, bytes);
  Buffer<std::byte> stored(static_cast<Index>(bytes.size()));
  rows_->read_runs(runs, stored.span());
  to_channels_last(grid_, stored.span(), bytes);
}

}  // namespace hourglass
