#include "hdf5/selected_rows.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/buffer.hpp"

namespace hourglass {

namespace {

// A read of its own costs about as much as so many bytes more in a read.
constexpr Index largest_gap = Index{64} << 10;
constexpr Index largest_read = Index{8} << 20;

// Neighbouring rows of the base and the place that they go to.
struct Neighbours {
  Index position = 0;
  Range rows;
};

std::vector<Neighbours> neighbours_of(const RowRuns& rows, Range positions) {
  std::vector<Neighbours> all;
  for (const RowRuns::Piece& piece : rows.pieces(positions)) {
    if (piece.step == 1) {
      all.push_back({piece.position, {piece.first, piece.first + piece.count}});
      continue;
    }
    for (Index i = 0; i < piece.count; ++i) {
      const Index row = piece.first + i * piece.step;
      all.push_back({piece.position + i, {row, row + 1}});
    }
  }
  return all;
}

RowEntries chosen_entries(const RowEntries& all, const RowRuns& rows) {
  if (!all.known()) return {};
  std::vector<Index> starts = {0};
  starts.reserve(static_cast<std::size_t>(rows.size()) + 1);
  for (std::size_t r = 0; r < rows.run_count(); ++r) {
    const RowRuns::Piece run = rows.run(r);
    for (Index i = 0; i < run.count; ++i) {
      const Index row = run.first + i * run.step;
      starts.push_back(starts.back() + all.count({row, row + 1}));
    }
  }
  return RowEntries(std::move(starts));
}

}  // namespace

SelectedRows::SelectedRows(std::unique_ptr<RowSource> base, RowRuns rows, const RowViews& views)
    : base_(std::move(base)), rows_(std::move(rows)), info_(base_->info()) {
  info_.shape.front() = rows_.size();
  info_.rows_per_unpacking = 1;
  info_.chunked = false;  // its rows are not those of a chunk
  info_.chunk.clear();
  info_.entries = chosen_entries(base_->info().entries, rows_);
  info_.address.options.views = views;
}

std::string SelectedRows::where(Index row) const { return base_->where(rows_.row(row)); }

void SelectedRows::read_sparse(std::span<const Range> runs, CompressedRows& rows) const {
  // As many in one read as follow each other in the base too.
  std::vector<Range> ascending;
  const auto flush = [&] {
    if (!ascending.empty()) base_->read_sparse(ascending, rows);
    ascending.clear();
  };
  for (const Range& run : runs) {
    for (const Neighbours& next : neighbours_of(rows_, run)) {
      if (!ascending.empty() && next.rows.begin < ascending.back().end) flush();
      ascending.push_back(next.rows);
    }
  }
  flush();
}

std::vector<Index> SelectedRows::series() const {
  const std::vector<Index> borders = base_->series();
  std::vector<Index> starts;
  for (std::size_t r = 0; r < rows_.run_count(); ++r) {
    const RowRuns::Piece run = rows_.run(r);
    starts.push_back(run.position);
    const Index last = run.first + (run.count - 1) * run.step;
    for (auto border = std::ranges::upper_bound(borders, run.first);
         border != borders.end() && *border <= last; ++border) {
      // The first row of the run that lies at the border or beyond it.
      const Index position = run.position + (*border - run.first + run.step - 1) / run.step;
      if (starts.back() != position) starts.push_back(position);
    }
  }
  return starts;
}

void SelectedRows::read_rows(Range rows, std::span<std::byte> bytes) const {
  const Index row_bytes = info_.row_bytes();
  const auto place = [&](Index position, Index count) {
    return bytes.subspan(static_cast<std::size_t>((position - rows.begin) * row_bytes),
                         static_cast<std::size_t>(count * row_bytes));
  };
  const std::vector<Neighbours> all = neighbours_of(rows_, rows);
  Buffer<std::byte> between;
  for (std::size_t first = 0; first < all.size();) {
    std::size_t next = first + 1;
    Range span = all[first].rows;
    while (next < all.size() && all[next].rows.begin >= span.end &&
           (all[next].rows.begin - span.end) * row_bytes <= largest_gap &&
           (all[next].rows.end - span.begin) * row_bytes <= largest_read) {
      span.end = all[next++].rows.end;
    }
    if (next == first + 1) {
      base_->read_rows(span, place(all[first].position, span.size()));
    } else {
      if (between.size() < span.size() * row_bytes)
        between = Buffer<std::byte>(span.size() * row_bytes);
      base_->read_rows(span,
                       between.span().first(static_cast<std::size_t>(span.size() * row_bytes)));
      for (std::size_t i = first; i < next; ++i) {
        const auto target = place(all[i].position, all[i].rows.size());
        std::memcpy(target.data(), between.data() + (all[i].rows.begin - span.begin) * row_bytes,
                    target.size());
      }
    }
    first = next;
  }
}

}  // namespace hourglass
