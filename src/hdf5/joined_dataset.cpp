#include "hdf5/joined_dataset.hpp"

#include <algorithm>
#include <utility>

#include "core/counted.hpp"
#include "core/text_list.hpp"
#include "hdf5/address_list.hpp"
#include "hdf5/columns_by_name.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// Each open data set may hold a cache of chunks.
constexpr std::size_t most_open = 8;

// The path that all have in common goes to the end, so that another data set of the same files can
// be named by another path.
DatasetAddress common_address(const DatasetAddress& address) {
  std::string files;
  for (const std::string& item : split_list(to_string(address))) {
    DatasetAddress part = parse_address(item);
    if (!part.path.empty() && part.path != address.path) return address;
    if (names_side_by_side(part)) return address;
    files += (files.empty() ? "" : ",") + part.file;
  }
  return {files, address.path, address.options};
}

bool alike(const DatasetInfo& a, const DatasetInfo& b) {
  return a.type == b.type && a.shape.size() == b.shape.size() &&
         std::equal(a.shape.begin() + 1, a.shape.end(), b.shape.begin() + 1);
}

}  // namespace

JoinedDataset::JoinedDataset(const DatasetAddress& address) {
  std::vector<Index> starts = {0};
  bool sparse = true;
  Index ordered = 0;
  for (DatasetAddress& part : expand_addresses(address)) {
    DatasetReader reader(part);
    if (!parts_.empty()) {
      part.options.column_order = columns_by_name(info_, reader.info());
      if (!part.options.column_order.empty()) {
        reader = DatasetReader(part);
        ++ordered;
      }
    }
    const DatasetInfo& info = reader.info();
    if (parts_.empty()) {
      info_ = info;
      info_.shape.front() = 0;
    } else if (!alike(info, info_)) {
      throw Error(ErrorKind::data, to_string(info.address) +
                                       ": its samples are of another shape or type than those of " +
                                       to_string(parts_.front().address));
    }
    info_.rows_per_unpacking = std::max(info_.rows_per_unpacking, info.rows_per_unpacking);
    info_.unpacking_bytes = std::max(info_.unpacking_bytes, info.unpacking_bytes);
    sparse = sparse && info.entries.known();
    for (Index row = 0; sparse && row < info.rows(); ++row)
      starts.push_back(starts.back() + info.entries.count({row, row + 1}));
    parts_.push_back({info.address, info_.shape.front(), info.rows()});
    info_.shape.front() += info.rows();
    if (open_.size() < most_open) open_.emplace_back(parts_.size() - 1, std::move(reader));
  }
  info_.entries = sparse ? RowEntries(std::move(starts)) : RowEntries();
  if (ordered > 0) {
    info_.decoding += (info_.decoding.empty() ? "" : "; ") + counted(ordered, "data set") +
                      " with columns in another order than " + to_string(info_.address) +
                      ", put right by their names";
  }
  info_.address = common_address(address);
  if (info_.address.path.empty()) info_.address.path = parts_.front().address.path;
}

std::size_t JoinedDataset::part_of(Index row) const {
  const auto after = std::upper_bound(parts_.begin(), parts_.end(), row,
                                      [](Index r, const Part& part) { return r < part.begin; });
  return static_cast<std::size_t>(after - parts_.begin()) - 1;
}

const DatasetReader& JoinedDataset::open(std::size_t part) const {
  const auto found = std::find_if(open_.begin(), open_.end(),
                                  [&](const auto& entry) { return entry.first == part; });
  // One part at a time keeps rows for the next read, so that many parts take no more memory.
  if (!open_.empty() && found != open_.end() - 1) open_.back().second.release();
  if (found != open_.end()) {
    std::rotate(found, found + 1, open_.end());
    return open_.back().second;
  }
  if (open_.size() >= most_open) open_.erase(open_.begin());
  open_.emplace_back(part, DatasetReader(parts_[part].address));
  const Index rows = open_.back().second.info().rows();
  if (rows != parts_[part].rows)
    throw Error(ErrorKind::data,
                to_string(parts_[part].address) + ": has another number of rows than a moment ago");
  return open_.back().second;
}

void JoinedDataset::read_rows(Range rows, std::span<std::byte> bytes) const {
  read_runs({&rows, 1}, bytes);
}

template <class Read>
void JoinedDataset::for_each_part(std::span<const Range> runs, const Read& read) const {
  const std::lock_guard lock(mutex_);
  // The ranges of one part are read together.
  std::vector<Range> of_part;
  Index begin = runs.front().begin;
  for (std::size_t i = 0; i < runs.size();) {
    const std::size_t number = part_of(begin);
    const Part& part = parts_[number];
    const Index part_end = part.begin + part.rows;
    of_part.clear();
    Index rows = 0;
    while (i < runs.size() && begin < part_end) {
      const Index end = std::min(runs[i].end, part_end);
      of_part.push_back({begin - part.begin, end - part.begin});
      rows += end - begin;
      begin = end;
      if (end == runs[i].end && ++i < runs.size()) begin = runs[i].begin;
    }
    read(open(number), of_part, rows);
  }
}

void JoinedDataset::read_runs(std::span<const Range> runs, std::span<std::byte> bytes) const {
  for_each_part(runs, [&](const DatasetReader& part, std::span<const Range> ranges, Index rows) {
    const auto size = static_cast<std::size_t>(rows * info_.row_bytes());
    part.read_runs(ranges, bytes.first(size));
    bytes = bytes.subspan(size);
  });
}

void JoinedDataset::read_sparse(std::span<const Range> runs, CompressedRows& rows) const {
  for_each_part(runs, [&](const DatasetReader& part, std::span<const Range> ranges, Index) {
    part.read_sparse(ranges, rows);
  });
}

std::vector<Index> JoinedDataset::series() const {
  std::vector<Index> starts;
  for (const Part& part : parts_) {
    if (part.rows > 0) starts.push_back(part.begin);
  }
  return starts;
}

void JoinedDataset::release() const {
  const std::lock_guard lock(mutex_);
  for (const auto& [part, reader] : open_) reader.release();
}

std::string JoinedDataset::where(Index row) const {
  const Part& part = parts_[part_of(row)];
  return to_string(part.address) + ": row " + std::to_string(row - part.begin);
}

}  // namespace hourglass
