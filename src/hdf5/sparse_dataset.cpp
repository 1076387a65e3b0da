#include "hdf5/sparse_dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "core/buffer.hpp"
#include "core/counted.hpp"
#include "core/element.hpp"
#include "hdf5/sparse_matrix.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// Elements read with those around them, rather than in two reads.
constexpr Index largest_gap = 8192;
// Elements that are spread at once.
constexpr Index most_entries = Index{1} << 20;

DatasetAddress part_of(const DatasetAddress& matrix, const char* name) {
  DatasetAddress part = matrix;
  part.path += std::string("/") + name;
  part.options.views = {};
  // Elements that were never written would be zeros that nobody stored.
  part.options.accept_fill = false;
  return part;
}

void require_integers(const DatasetInfo& info) {
  if (!is_integer(info.type) || info.shape.size() != 1) {
    throw Error(ErrorKind::data, to_string(info.address) +
                                     ": is not a list of whole numbers, as a sparse matrix needs");
  }
}

void require_length(const DatasetInfo& info, Index length, const std::string& reason) {
  if (info.shape.size() == 1 && info.rows() == length) return;
  throw Error(ErrorKind::data, fmt::format("{}: has {}, but {}", to_string(info.address),
                                           counted(info.rows(), "element"), reason));
}

// The pointers, from 0 to the number of elements.
std::vector<Index> read_pointers(const DatasetAddress& matrix, Index rows, Index entries) {
  const StoredDataset dataset(part_of(matrix, "indptr"));
  const DatasetInfo& info = dataset.info();
  const std::string name = to_string(info.address);
  require_integers(info);
  require_length(
      info, rows + 1,
      fmt::format("a sparse matrix of {} has {} pointers", counted(rows, "row"), rows + 1));
  std::vector<Index> pointers(static_cast<std::size_t>(rows) + 1);
  constexpr Index at_once = Index{1} << 20;
  Buffer<std::byte> bytes(std::min(at_once, rows + 1) * info.row_bytes());
  for (Index begin = 0; begin <= rows; begin += at_once) {
    const Range part{begin, std::min(rows + 1, begin + at_once)};
    dataset.read_rows(part,
                      bytes.span().first(static_cast<std::size_t>(part.size() * info.row_bytes())));
    with_element(info.type, [&]<class T>(std::type_identity<T>) {
      for (std::size_t i = 0; i < static_cast<std::size_t>(part.size()); ++i) {
        // NOLINTNEXTLINE(bugprone-signed-char-misuse): a number of one byte, no character
        const auto value = static_cast<Index>(load_element<T>(bytes.data(), i));
        pointers[static_cast<std::size_t>(part.begin) + i] = value;
      }
    });
  }
  if (pointers.front() != 0) {
    throw Error(ErrorKind::data,
                fmt::format("{}: begins with {}, not with 0: the matrix is damaged", name,
                            pointers.front()));
  }
  for (std::size_t row = 1; row < pointers.size(); ++row) {
    if (pointers[row] >= pointers[row - 1]) continue;
    throw Error(ErrorKind::data,
                fmt::format("{}: falls from {} to {} at row {}: the matrix is damaged", name,
                            pointers[row - 1], pointers[row], row - 1));
  }
  if (pointers.back() != entries) {
    throw Error(ErrorKind::data,
                fmt::format("{}: ends at {}, but the matrix has {}: it is damaged or truncated",
                            name, pointers.back(), counted(entries, "element")));
  }
  return pointers;
}

}  // namespace

SparseDataset::SparseDataset(const DatasetAddress& address, Index rows, Index columns,
                             std::vector<std::string> feature_names)
    : values_(part_of(address, "data")),
      columns_(part_of(address, "indices")),
      info_(values_.info()) {
  const std::string name = to_string(address);
  constexpr Index most_columns = std::numeric_limits<std::int32_t>::max();
  if (columns < 1 || columns > most_columns || rows >= hdf5::largest_size / 8 / columns) {
    throw Error(ErrorKind::data, fmt::format("{}: its header claims an impossible shape, {} x {}",
                                             name, rows, columns));
  }
  const Index entries = info_.rows();
  require_length(info_, entries, "a sparse matrix has a list of them");
  require_integers(columns_.info());
  require_length(columns_.info(), entries,
                 fmt::format("{} has {}", to_string(info_.address), entries));
  if (!info_.decoding.empty()) {
    throw Error(ErrorKind::data,
                fmt::format("{}: is {}, which would make other numbers of the zeros "
                            "that are not stored; store the matrix unpacked",
                            to_string(info_.address), info_.decoding));
  }
  info_.entries = RowEntries(read_pointers(address, rows, entries));
  info_.address = address;
  info_.shape = {rows, columns};
  info_.axes.clear();
  info_.feature_names = std::move(feature_names);
  info_.as_stored = false;
  // Chunks of elements: of so many rows, on average.
  const Index together = std::max(info_.rows_per_unpacking, columns_.info().rows_per_unpacking);
  const Index mean = std::max<Index>(1, entries / std::max<Index>(1, rows));
  info_.rows_per_unpacking = together > 1 ? std::max<Index>(1, together / mean) : 1;
  info_.unpacking_bytes += columns_.info().unpacking_bytes;
  info_.chunked = false;
  info_.chunk.clear();
}

std::string SparseDataset::where(Index row) const {
  return to_string(info_.address) + ": row " + std::to_string(row);
}

void SparseDataset::release() const {
  values_.release();
  columns_.release();
}

void SparseDataset::read_columns(Range entries, std::span<std::int32_t> columns) const {
  const ElementType type = columns_.info().type;
  if (type == ElementType::i32) return columns_.read_rows(entries, std::as_writable_bytes(columns));
  const Index bytes_each = columns_.info().row_bytes();
  Buffer<std::byte> stored(std::min(most_entries, entries.size()) * bytes_each);
  for (Index begin = entries.begin; begin < entries.end; begin += most_entries) {
    const Range part{begin, std::min(entries.end, begin + most_entries)};
    columns_.read_rows(part,
                       stored.span().first(static_cast<std::size_t>(part.size() * bytes_each)));
    with_element(type, [&]<class T>(std::type_identity<T>) {
      for (Index i = 0; i < part.size(); ++i) {
        // What does not fit is out of range in any case.
        const T value = load_element<T>(stored.data(), static_cast<std::size_t>(i));
        const bool fits = value >= T{0} && static_cast<double>(value) < 2147483648.0;
        columns[static_cast<std::size_t>(part.begin - entries.begin + i)] =
            fits ? static_cast<std::int32_t>(value) : -1;
      }
    });
  }
}

void SparseDataset::check_row(Index row, CompressedRows& rows, Index place) const {
  const auto columns = rows.columns_of(place);
  const Index width = info_.shape.back();
  if (are_ordered(columns, width)) return;
  const auto outside = std::ranges::find_if(
      columns, [&](std::int32_t column) { return column < 0 || column >= width; });
  if (outside != columns.end()) {
    throw Error(ErrorKind::data, fmt::format("{} has an element in a column outside of the {} that "
                                             "there are: the matrix is damaged",
                                             where(row), width));
  }
  const std::int32_t doubled = order_row(rows, place);
  if (doubled >= 0) {
    throw Error(ErrorKind::data,
                fmt::format("{} has two elements in column {}; add them up and store the matrix "
                            "again (sum_duplicates of SciPy)",
                            where(row), doubled));
  }
}

void SparseDataset::read_sparse(std::span<const Range> runs, CompressedRows& rows) const {
  rows.value_bytes = static_cast<std::size_t>(size_of(info_.type));
  const auto entries_of = [this](const Range& run) {
    return Range{info_.entries.before(run.begin), info_.entries.before(run.end)};
  };
  for (std::size_t first = 0; first < runs.size();) {
    // Runs that lie near each other are read at once, with what is between them.
    Range read = entries_of(runs[first]);
    std::size_t next = first + 1;
    while (next < runs.size() && entries_of(runs[next]).begin - read.end <= largest_gap &&
           entries_of(runs[next]).end - read.begin <= most_entries) {
      read.end = entries_of(runs[next++]).end;
    }
    const Index offset = rows.entries();
    rows.extend(read.size());
    const auto place = static_cast<std::size_t>(offset);
    if (!read.empty()) {
      values_.read_rows(read, std::span(rows.values).subspan(place * rows.value_bytes));
      read_columns(read, std::span(rows.columns).subspan(place));
    }
    Index target = offset;
    for (; first < next; ++first) {
      const Range entries = entries_of(runs[first]);
      const Index source = offset + entries.begin - read.begin;
      if (source != target) {
        std::copy_n(rows.columns.begin() + source, entries.size(), rows.columns.begin() + target);
        const auto bytes = static_cast<std::ptrdiff_t>(rows.value_bytes);
        std::copy_n(rows.values.begin() + source * bytes, entries.size() * bytes,
                    rows.values.begin() + target * bytes);
      }
      for (Index row = runs[first].begin; row < runs[first].end; ++row) {
        rows.starts.push_back(target + info_.entries.before(row + 1) - entries.begin);
        check_row(row, rows, rows.rows() - 1);
      }
      target += entries.size();
    }
    rows.columns.resize(static_cast<std::size_t>(target));
    rows.values.resize(static_cast<std::size_t>(target) * rows.value_bytes);
  }
}

void SparseDataset::read_rows(Range rows, std::span<std::byte> bytes) const {
  CompressedRows part;
  const Index row_bytes = info_.row_bytes();
  for (Index begin = rows.begin; begin < rows.end;) {
    Index end = begin + 1;
    while (end < rows.end && info_.entries.count({begin, end + 1}) <= most_entries) ++end;
    const Range run{begin, end};
    part.clear();
    read_sparse({&run, 1}, part);
    const auto size = static_cast<std::size_t>(run.size() * row_bytes);
    spread(part, info_.shape.back(), bytes.first(size));
    bytes = bytes.subspan(size);
    begin = end;
  }
}

std::unique_ptr<RowSource> open_stored(const DatasetAddress& address) {
  hdf5::SparseGroup found = hdf5::find_sparse(address);
  if (!hdf5::is_by_samples(found.kind)) return std::make_unique<StoredDataset>(found.address);
  return std::make_unique<SparseDataset>(found.address, found.samples, found.features,
                                         std::move(found.feature_names));
}

}  // namespace hourglass
