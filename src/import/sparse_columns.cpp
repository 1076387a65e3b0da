#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/buffer.hpp"
#include "core/element.hpp"
#include "hourglass/core/error.hpp"
#include "import/entry_reader.hpp"

namespace hourglass {

namespace {

constexpr Index elements_at_once = Index{1} << 20;

DatasetAddress part_of(const DatasetAddress& matrix, const char* name) {
  DatasetAddress part = matrix;
  part.path += std::string("/") + name;
  return part;
}

std::vector<Index> whole_numbers(const DatasetReader& reader, Range elements) {
  const DatasetInfo& info = reader.info();
  if (!is_integer(info.type) || info.shape.size() != 1) {
    throw Error(ErrorKind::data, to_string(info.address) +
                                     ": is not a list of whole numbers, as a sparse matrix needs");
  }
  Buffer<std::byte> stored(elements.size() * info.row_bytes());
  reader.read_rows(elements, stored.span());
  std::vector<Index> numbers(static_cast<std::size_t>(elements.size()));
  with_element(info.type, [&]<class T>(std::type_identity<T>) {
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      // NOLINTNEXTLINE(bugprone-signed-char-misuse): a number of one byte, no character
      numbers[i] = static_cast<Index>(load_element<T>(stored.data(), i));
    }
  });
  return numbers;
}

class SparseColumns final : public EntryReader {
 public:
  explicit SparseColumns(hdf5::SparseGroup matrix)
      : matrix_(std::move(matrix)),
        name_(to_string(matrix_.address)),
        values_(part_of(matrix_.address, "data")),
        indices_(part_of(matrix_.address, "indices")) {
    const DatasetReader pointers(part_of(matrix_.address, "indptr"));
    const Index elements = values_.info().rows();
    if (pointers.info().rows() != matrix_.features + 1 || indices_.info().rows() != elements) {
      throw Error(ErrorKind::data,
                  fmt::format("{}: its parts contradict each other: {} pointers for {} columns, {} "
                              "indices for {} elements",
                              name_, pointers.info().rows(), matrix_.features,
                              indices_.info().rows(), elements));
    }
    starts_ = whole_numbers(pointers, {0, matrix_.features + 1});
    if (starts_.front() != 0 || starts_.back() != elements || !std::ranges::is_sorted(starts_)) {
      throw Error(ErrorKind::data,
                  fmt::format("{}: its pointers do not rise from 0 to the number of elements, {}",
                              name_, elements));
    }
  }

  [[nodiscard]] const std::string& path() const override { return name_; }
  [[nodiscard]] ElementType type() const override { return values_.info().type; }
  [[nodiscard]] Index samples() const override { return matrix_.samples; }
  [[nodiscard]] Index features() const override { return matrix_.features; }
  [[nodiscard]] std::vector<std::string> feature_names() const override {
    return matrix_.feature_names;
  }
  [[nodiscard]] std::vector<std::string> sample_names() const override {
    return matrix_.sample_names;
  }
  [[nodiscard]] std::vector<std::string> files() const override { return {matrix_.address.file}; }

 protected:
  [[nodiscard]] Index blocks() const override {
    return (starts_.back() + elements_at_once - 1) / elements_at_once;
  }
  void scan(Index block, const Take& take) override {
    const Range elements{block * elements_at_once,
                         std::min(starts_.back(), (block + 1) * elements_at_once)};
    const std::vector<Index> samples = whole_numbers(indices_, elements);
    const Index bytes = values_.info().row_bytes();
    Buffer<std::byte> values(elements.size() * bytes);
    values_.read_rows(elements, values.span());
    auto column = std::ranges::upper_bound(starts_, elements.begin) - starts_.begin() - 1;
    for (Index i = elements.begin; i < elements.end; ++i) {
      while (starts_[static_cast<std::size_t>(column) + 1] <= i) ++column;
      const Index sample = samples[static_cast<std::size_t>(i - elements.begin)];
      if (sample < 0 || sample >= matrix_.samples) {
        throw Error(ErrorKind::data,
                    fmt::format("{}: column {} has an element in row {}, outside of the {} that "
                                "there are: the matrix is damaged",
                                name_, column, sample, matrix_.samples));
      }
      take(sample, static_cast<Index>(column), values.data() + (i - elements.begin) * bytes);
    }
  }
  void check_total(Index /*elements*/) const override {}

 private:
  hdf5::SparseGroup matrix_;
  std::string name_;
  DatasetReader values_;
  DatasetReader indices_;
  std::vector<Index> starts_;  // of the columns
};

}  // namespace

std::unique_ptr<SparseReader> open_sparse_columns(const hdf5::SparseGroup& matrix) {
  return std::make_unique<SparseColumns>(matrix);
}

}  // namespace hourglass
