#include "import/file_rows.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/utf8.hpp"
#include "data/columns_of.hpp"
#include "data/finite_rows.hpp"
#include "hdf5/columns_by_name.hpp"
#include "hourglass/core/error.hpp"
#include "import/frame_rows.hpp"
#include "import/idx.hpp"

namespace hourglass {

namespace {

constexpr Index largest_row = Index{1} << 30;

class Hdf5Rows final : public RowReader {
 public:
  explicit Hdf5Rows(const DatasetAddress& address)
      : reader_(address), name_(to_string(reader_.info().address)) {
    if (reader_.info().rows() == 0) throw Error(ErrorKind::data, name_ + ": holds no samples");
    if (reader_.info().row_bytes() > largest_row)
      throw Error(ErrorKind::data, name_ + ": its samples have more than 1 GiB each");
    const DatasetInfo& info = reader_.info();
    columns_ = columns_of(info);
    if (columns_.empty() && std::ranges::all_of(info.feature_names, is_utf8))
      columns_ = number_columns(info.feature_names);
  }

  [[nodiscard]] const std::string& path() const override { return name_; }
  [[nodiscard]] ElementType type() const override { return reader_.info().type; }
  [[nodiscard]] const std::vector<Index>& shape() const override { return reader_.info().shape; }
  [[nodiscard]] const std::vector<Column>& columns() const override { return columns_; }
  [[nodiscard]] std::string units() const override { return reader_.info().units; }
  [[nodiscard]] std::string note() const override {
    const DatasetInfo& info = reader_.info();
    if (info.missing.empty()) return info.decoding;
    return info.decoding + (info.decoding.empty() ? "" : "; ") +
           "missing values are stored as NaN: train with --missing mask";
  }
  [[nodiscard]] bool may_miss_values() const override { return true; }
  void read_rows(Range rows, std::span<std::byte> bytes) override {
    read_finite_rows(reader_, rows, bytes, {Missing::mask, {}, {}});
  }
  [[nodiscard]] std::vector<std::string> files() const override {
    return {reader_.info().address.file};
  }

 private:
  DatasetReader reader_;
  std::string name_;
  std::vector<Column> columns_;
};

class IdxRows final : public RowReader {
 public:
  explicit IdxRows(const std::string& path) : reader_(path) {
    if (reader_.rows() == 0) throw Error(ErrorKind::data, path + ": it holds no samples");
    if (reader_.row_bytes() > largest_row) {
      throw Error(ErrorKind::data, path + ": its header claims samples of " +
                                       std::to_string(reader_.row_bytes()) +
                                       " bytes each; more than 1 GiB cannot be imported");
    }
    if (!reader_.is_verified()) verify();
  }

  [[nodiscard]] const std::string& path() const override { return reader_.path(); }
  [[nodiscard]] ElementType type() const override { return reader_.type(); }
  [[nodiscard]] const std::vector<Index>& shape() const override { return reader_.shape(); }
  [[nodiscard]] Range part(Index rank, Index /*ranks*/) const override {
    return {0, rank == 0 ? rows() : 0};
  }
  void read_rows(Range rows, std::span<std::byte> bytes) override {
    require(rows.begin == reader_.rows() - reader_.rows_left(), "IDX rows are read in order");
    reader_.read_rows(bytes);
  }
  void skip_rows(Range rows) override { read_and_drop(rows); }

 private:
  /// A compressed file shows only at its end whether its header is true: looked at before any disk
  /// space is taken for its claim.
  void verify() {
    constexpr Index at_once = Index{8} << 20;
    const Index rows = std::max<Index>(1, std::min(at_once / reader_.row_bytes(), reader_.rows()));
    // Not initialised: what a header claims costs nothing until the file delivers it.
    const auto memory = std::make_unique_for_overwrite<std::byte[]>(
        static_cast<std::size_t>(rows * reader_.row_bytes()));
    while (reader_.rows_left() > 0) {
      const Index count = std::min(rows, reader_.rows_left());
      reader_.read_rows({memory.get(), static_cast<std::size_t>(count * reader_.row_bytes())});
    }
    const std::string path = reader_.path();
    reader_ = IdxReader(path);
  }

  IdxReader reader_;
};

}  // namespace

std::vector<std::unique_ptr<RowReader>> open_hdf5_rows(std::span<const DatasetAddress> addresses,
                                                       const FrameOptions& options) {
  std::vector<std::unique_ptr<RowReader>> readers;
  std::optional<DatasetInfo> first;
  std::vector<std::size_t> frames;  // numbers of the sources that are data frames
  for (DatasetAddress address : addresses) {
    if (auto frame = open_frame(address, options.drop)) {
      frames.push_back(readers.size());
      readers.push_back(frame_rows(std::move(*frame), options.like, options.origin));
      continue;
    }
    if (!options.drop.empty() || !options.like.empty()) {
      throw Error(ErrorKind::usage,
                  to_string(address) +
                      ": --drop-columns and --like apply to tables of text and to "
                      "data frames, but this is one of numbers: leave them out");
    }
    const DatasetInfo info = DatasetReader(address).info();
    if (!first) first = info;
    address.options.column_order = columns_by_name(*first, info);
    readers.push_back(std::make_unique<Hdf5Rows>(address));
  }
  if (frames.size() < 2 || !options.like.empty()) return readers;
  // Each frame knows only its own categories.
  std::vector<Column> all = readers[frames.front()]->columns();
  for (const std::size_t frame : frames) all = merged_columns(all, readers[frame]->columns());
  for (const std::size_t frame : frames) {
    if (readers[frame]->columns().size() > all.size()) continue;  // refused as another table
    readers[frame] = frame_rows(*open_frame(addresses[frame], options.drop), all,
                                readers[frames.front()]->path());
  }
  return readers;
}

std::unique_ptr<RowReader> open_idx_rows(const std::string& path) {
  return std::make_unique<IdxRows>(path);
}

}  // namespace hourglass
