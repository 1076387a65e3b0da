#include "hdf5/selected_columns.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/buffer.hpp"

namespace hourglass {

SelectedColumns::SelectedColumns(std::unique_ptr<RowSource> base, const RowRuns& columns,
                                 const RowViews& views)
    : base_(std::move(base)), info_(base_->info()) {
  const auto size = static_cast<std::size_t>(size_of(info_.type));
  std::vector<std::string> names;
  if (info_.entries.known()) places_.assign(static_cast<std::size_t>(info_.features()), -1);
  for (Index place = 0; place < columns.size(); ++place) {
    const auto column = static_cast<std::size_t>(columns.row(place));
    if (!places_.empty()) places_[column] = static_cast<std::int32_t>(place);
    if (!info_.feature_names.empty()) names.push_back(info_.feature_names[column]);
    if (!pieces_.empty() && pieces_.back().offset + pieces_.back().bytes == column * size) {
      pieces_.back().bytes += size;
    } else {
      pieces_.push_back({column * size, size});
    }
  }
  info_.feature_names = std::move(names);
  info_.shape = {info_.rows(), columns.size()};
  info_.axes.clear();
  info_.leading_channels = 0;
  if (info_.chunked) info_.chunk = {info_.chunk.front(), columns.size()};
  info_.address.options.views = views;
}

ElementPlace SelectedColumns::place(Index row, Index feature) const {
  const auto size = static_cast<std::size_t>(size_of(info_.type));
  std::size_t offset = static_cast<std::size_t>(feature) * size;
  for (const Piece& piece : pieces_) {
    if (offset < piece.bytes)
      return base_->place(row, static_cast<Index>((piece.offset + offset) / size));
    offset -= piece.bytes;
  }
  return {where(row), feature};
}

void SelectedColumns::read_sparse(std::span<const Range> runs, CompressedRows& rows) const {
  const Index first = rows.rows();
  base_->read_sparse(runs, rows);
  replace_columns(rows, first, places_);
}

void SelectedColumns::read_rows(Range rows, std::span<std::byte> bytes) const {
  const Index row_bytes = base_->info().row_bytes();
  const Index most = std::max<Index>(1, (Index{8} << 20) / row_bytes);
  Buffer<std::byte> whole(std::min(most, rows.size()) * row_bytes);
  std::byte* target = bytes.data();
  for (Index begin = rows.begin; begin < rows.end; begin += most) {
    const Range part{begin, std::min(rows.end, begin + most)};
    base_->read_rows(part, whole.span().first(static_cast<std::size_t>(part.size() * row_bytes)));
    for (Index r = 0; r < part.size(); ++r) {
      const std::byte* const row = whole.data() + r * row_bytes;
      for (const Piece& piece : pieces_) {
        std::memcpy(target, row + piece.offset, piece.bytes);
        target += piece.bytes;
      }
    }
  }
}

}  // namespace hourglass
