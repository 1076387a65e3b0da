#include "import/sparse_reader.hpp"

#include <algorithm>
#include <utility>

#include "core/buffer.hpp"
#include "core/element.hpp"
#include "data/columns.hpp"
#include "hdf5/sparse_matrix.hpp"
#include "hourglass/core/error.hpp"
#include "import/entry_reader.hpp"

namespace hourglass {

namespace {

constexpr Index dense_bytes_at_once = Index{8} << 20;

std::vector<Range> cut(Range part, Index rows) {
  std::vector<Range> pieces;
  for (Index begin = part.begin; begin < part.end; begin += rows)
    pieces.push_back({begin, std::min(part.end, begin + rows)});
  return pieces;
}

/// Samples that are read row by row: each rank its part of them.
class RowsReader : public SparseReader {
 public:
  std::vector<Index> count(const Communicator& communicator) final {
    std::vector<Index> counts(static_cast<std::size_t>(samples()));
    begin_ = part(communicator.rank(), communicator.size()).begin;
    collectively(communicator, [&] {
      CompressedRows rows;
      for (const Range& piece : cut(part(communicator.rank(), communicator.size()), at_once())) {
        rows.clear();
        read_rows(piece, true, rows);
        for (Index row = 0; row < piece.size(); ++row)
          counts[static_cast<std::size_t>(piece.begin + row)] =
              static_cast<Index>(rows.columns_of(row).size());
      }
    });
    communicator.sum(std::span<std::int64_t>(counts));
    return counts;
  }

  [[nodiscard]] std::vector<std::vector<Range>> pieces(const RowEntries& /*entries*/,
                                                       Index ranks) const final {
    std::vector<std::vector<Range>> all;
    for (Index rank = 0; rank < ranks; ++rank) all.push_back(cut(part(rank, ranks), at_once()));
    return all;
  }

  void read(Range samples, const RowEntries& /*entries*/, CompressedRows& rows) final {
    read_rows(samples, false, rows);
  }

 protected:
  [[nodiscard]] virtual Range part(Index rank, Index ranks) const {
    return even_part(samples(), ranks, rank);
  }
  /// Samples that are read at once.
  [[nodiscard]] virtual Index at_once() const = 0;
  /// `counting`: the first pass over the samples.
  virtual void read_samples(Range samples, bool counting, CompressedRows& rows) = 0;
  /// Where this rank's part begins.
  [[nodiscard]] Index begin() const { return begin_; }

 private:
  void read_rows(Range samples, bool counting, CompressedRows& rows) {
    const Index first = rows.rows();
    rows.value_bytes = static_cast<std::size_t>(size_of(type()));
    read_samples(samples, counting, rows);
    if (!places().empty()) replace_columns(rows, first, places());
  }

  Index begin_ = 0;
};

class ArrayRows final : public RowsReader {
 public:
  ArrayRows(std::unique_ptr<RowReader> first, std::unique_ptr<RowReader> again)
      : first_(std::move(first)), again_(std::move(again)) {}

  [[nodiscard]] const std::string& path() const override { return first_->path(); }
  [[nodiscard]] ElementType type() const override { return first_->type(); }
  [[nodiscard]] Index samples() const override { return first_->rows(); }
  [[nodiscard]] Index features() const override { return first_->row_bytes() / size_of(type()); }
  [[nodiscard]] std::vector<std::string> feature_names() const override {
    return hourglass::feature_names(first_->columns());
  }
  [[nodiscard]] std::vector<std::string> files() const override { return first_->files(); }
  [[nodiscard]] bool may_miss_values() const override { return first_->may_miss_values(); }

 protected:
  [[nodiscard]] Range part(Index rank, Index ranks) const override {
    return first_->part(rank, ranks);
  }
  [[nodiscard]] Index at_once() const override {
    return std::max<Index>(1, dense_bytes_at_once / first_->row_bytes());
  }
  void read_samples(Range samples, bool counting, CompressedRows& rows) override {
    RowReader& reader = counting ? *first_ : *again_;
    Index& place = counting ? first_place_ : again_place_;
    if (place < 0) place = begin();
    if (place < samples.begin) reader.skip_rows({place, samples.begin});
    dense_.resize(static_cast<std::size_t>(samples.size() * reader.row_bytes()));
    reader.read_rows(samples, dense_);
    place = samples.end;
    append_nonzero(type(), dense_, features(), rows);
  }

 private:
  std::unique_ptr<RowReader> first_;
  std::unique_ptr<RowReader> again_;
  std::vector<std::byte> dense_;
  Index first_place_ = -1;
  Index again_place_ = -1;
};

class DatasetRows final : public RowsReader {
 public:
  explicit DatasetRows(const DatasetAddress& address)
      : reader_(address), name_(to_string(reader_.info().address)) {
    if (reader_.info().entries.known())
      sample_names_ = hdf5::find_sparse(reader_.info().address, true).sample_names;
  }

  [[nodiscard]] const std::string& path() const override { return name_; }
  [[nodiscard]] ElementType type() const override { return reader_.info().type; }
  [[nodiscard]] Index samples() const override { return reader_.info().rows(); }
  [[nodiscard]] Index features() const override { return reader_.info().features(); }
  [[nodiscard]] std::vector<std::string> feature_names() const override {
    return reader_.info().feature_names;
  }
  [[nodiscard]] std::vector<std::string> sample_names() const override { return sample_names_; }
  [[nodiscard]] std::vector<std::string> files() const override {
    return {reader_.info().address.file};
  }

 protected:
  [[nodiscard]] Index at_once() const override {
    return std::max<Index>(1, dense_bytes_at_once / reader_.info().row_bytes());
  }
  void read_samples(Range samples, bool /*counting*/, CompressedRows& rows) override {
    if (reader_.info().entries.known()) return reader_.read_sparse({&samples, 1}, rows);
    dense_.resize(static_cast<std::size_t>(samples.size() * reader_.info().row_bytes()));
    reader_.read_rows(samples, dense_);
    append_nonzero(type(), dense_, features(), rows);
  }

 private:
  DatasetReader reader_;
  std::string name_;
  std::vector<std::string> sample_names_;
  std::vector<std::byte> dense_;
};

}  // namespace

void append_nonzero(ElementType type, std::span<const std::byte> dense, Index width,
                    CompressedRows& rows) {
  const auto columns = static_cast<std::size_t>(width);
  with_element(type, [&]<class T>(std::type_identity<T>) {
    const std::size_t count = dense.size() / (columns * sizeof(T));
    for (std::size_t row = 0; row < count; ++row) {
      for (std::size_t column = 0; column < columns; ++column) {
        const std::size_t i = row * columns + column;
        if (load_element<T>(dense.data(), i) == T{0}) continue;
        rows.columns.push_back(static_cast<std::int32_t>(column));
        const auto value = dense.subspan(i * sizeof(T), sizeof(T));
        rows.values.insert(rows.values.end(), value.begin(), value.end());
      }
      rows.starts.push_back(static_cast<Index>(rows.columns.size()));
    }
  });
}

std::unique_ptr<SparseReader> sparse_from_rows(std::unique_ptr<RowReader> first,
                                               std::unique_ptr<RowReader> again) {
  return std::make_unique<ArrayRows>(std::move(first), std::move(again));
}

std::unique_ptr<SparseReader> open_sparse_hdf5(const DatasetAddress& address) {
  if (!address.path.empty() || address.file.find(',') == std::string::npos) {
    const hdf5::SparseGroup found = hdf5::find_sparse(address, true);
    if (found.kind == hdf5::SparseKind::csc) return open_sparse_columns(found);
  }
  return std::make_unique<DatasetRows>(address);
}

}  // namespace hourglass
