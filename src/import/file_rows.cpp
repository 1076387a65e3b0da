#include "import/file_rows.hpp"

#include <algorithm>

#include "hourglass/core/error.hpp"
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
  }

  [[nodiscard]] const std::string& path() const override { return name_; }
  [[nodiscard]] ElementType type() const override { return reader_.info().type; }
  [[nodiscard]] const std::vector<Index>& shape() const override { return reader_.info().shape; }
  void read_rows(Range rows, std::span<std::byte> bytes) override {
    reader_.read_rows(rows, bytes);
  }
  [[nodiscard]] std::vector<std::string> files() const override {
    return {reader_.info().address.file};
  }

 private:
  DatasetReader reader_;
  std::string name_;
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

std::unique_ptr<RowReader> open_hdf5_rows(const DatasetAddress& address) {
  return std::make_unique<Hdf5Rows>(address);
}

std::unique_ptr<RowReader> open_idx_rows(const std::string& path) {
  return std::make_unique<IdxRows>(path);
}

}  // namespace hourglass
