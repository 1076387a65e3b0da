#include "import/matrix_market.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <limits>

#include "core/counted.hpp"
#include "core/element.hpp"
#include "hourglass/core/error.hpp"
#include "import/csv_lines.hpp"
#include "import/entry_reader.hpp"
#include "import/gzip_lines.hpp"

namespace hourglass {

namespace {

constexpr Index block_bytes = Index{8} << 20;
constexpr Index largest_extent = std::numeric_limits<std::int32_t>::max();

/// What the head of a file says.
struct Head {
  bool integer = false;
  bool pattern = false;
  Index rows = 0;
  Index columns = 0;
  Index elements = 0;
  Index lines = 0;  ///< of the head
  Index body = 0;   ///< bytes of the head, of a plain file
  bool packed = false;
};

/// Words of a line, one after the other.
class Words {
 public:
  explicit Words(std::string_view line) : rest_(line) {}
  std::string_view next() {
    const std::size_t begin = std::min(rest_.find_first_not_of(" \t"), rest_.size());
    rest_.remove_prefix(begin);
    const std::string_view word = rest_.substr(0, rest_.find_first_of(" \t"));
    rest_.remove_prefix(word.size());
    return word;
  }

 private:
  std::string_view rest_;
};

template <class T>
bool parse(std::string_view word, T& value) {
  if (word.size() > 1 && word.front() == '+') word.remove_prefix(1);
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc() && end == word.data() + word.size();
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& letter : result)
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  return result;
}

void read_banner(const std::string& path, std::string_view line, Head& head) {
  Words words(line);
  if (lower(words.next()) != "%%matrixmarket")
    throw Error(ErrorKind::data, path + ": is not a Matrix Market file");
  const std::string object = lower(words.next());
  const std::string format = lower(words.next());
  const std::string field = lower(words.next());
  const std::string symmetry = lower(words.next());
  head.pattern = field == "pattern";
  head.integer = field == "integer" || field == "unsigned-integer";
  if (object != "matrix" || format != "coordinate" || symmetry != "general" ||
      (!head.pattern && !head.integer && field != "real")) {
    throw Error(
        ErrorKind::data,
        fmt::format("{}: is a {} {} {} {}; of Matrix Market's kinds, coordinate matrices of "
                    "integer, real or pattern that are general can be read",
                    path, object, format, field, symmetry));
  }
}

Head read_head(const std::string& path) {
  Head head;
  head.packed =
      ByteFile(path).read_some(0, 2) == std::vector<std::byte>{std::byte{0x1f}, std::byte{0x8b}};
  GzipLines lines(path);
  std::string_view line;
  if (!lines.next(line)) throw Error(ErrorKind::data, path + ": is empty");
  read_banner(path, line, head);
  while (lines.next(line)) {
    if (line.starts_with('%') || is_blank(line)) continue;
    Words words(line);
    const bool good = parse(words.next(), head.rows) && parse(words.next(), head.columns) &&
                      parse(words.next(), head.elements) && words.next().empty();
    if (!good || head.rows < 1 || head.columns < 1 || head.elements < 0 ||
        head.rows > hdf5::largest_size / head.columns) {
      throw Error(ErrorKind::data, fmt::format("{}: line {}: is not the size of a matrix (rows, "
                                               "columns, elements)",
                                               path, lines.lines_read()));
    }
    head.lines = static_cast<Index>(lines.lines_read());
    return head;
  }
  throw Error(ErrorKind::data, path + ": ends before the size of its matrix: truncated");
}

class MatrixMarket final : public EntryReader {
 public:
  MatrixMarket(const std::string& path, const MatrixMarketSettings& settings)
      : path_(path),
        file_(path),
        head_(read_head(path)),
        columns_first_(settings.samples_are_columns) {
    type_ = settings.type.value_or(head_.pattern   ? ElementType::u8
                                   : head_.integer ? ElementType::i32
                                                   : ElementType::f32);
    if (features() > largest_extent)
      throw Error(ErrorKind::data, path + ": has more features than can be counted");
    if (!head_.packed) find_body();
    find_names();
  }

  [[nodiscard]] const std::string& path() const override { return path_; }
  [[nodiscard]] ElementType type() const override { return type_; }
  [[nodiscard]] Index samples() const override {
    return columns_first_ ? head_.columns : head_.rows;
  }
  [[nodiscard]] Index features() const override {
    return columns_first_ ? head_.rows : head_.columns;
  }
  [[nodiscard]] std::vector<std::string> feature_names() const override { return feature_names_; }
  [[nodiscard]] std::vector<std::string> sample_names() const override { return sample_names_; }
  [[nodiscard]] std::vector<std::string> files() const override { return {path_}; }

 protected:
  [[nodiscard]] Index blocks() const override {
    return head_.packed ? 1 : (file_.size() - head_.body + block_bytes - 1) / block_bytes;
  }

  void scan(Index block, const Take& take) override {
    with_element(type_, [&]<class T>(std::type_identity<T>) { scan_as<T>(block, take); });
  }

  void check_total(Index elements) const override {
    if (elements == head_.elements) return;
    throw Error(ErrorKind::data,
                fmt::format("{}: has {}, but its size says {}: truncated, or not whole", path_,
                            counted(elements, "element"), head_.elements));
  }

 private:
  // Where the elements begin.
  void find_body() {
    for (Index i = 0; i < head_.lines; ++i) head_.body = line_start(head_.body + 1);
  }

  // The first byte at or behind `position`, which is not 0, at which a line begins.
  [[nodiscard]] Index line_start(Index position) const {
    constexpr Index at_once = 4096;
    for (Index place = position - 1; place < file_.size(); place += at_once) {
      const auto bytes = file_.read_some(place, at_once);
      const auto stop = std::ranges::find(bytes, std::byte{'\n'});
      if (stop != bytes.end()) return place + (stop - bytes.begin()) + 1;
    }
    return file_.size();
  }

  template <class T>
  void scan_as(Index block, const Take& take) {
    std::string_view line;
    if (head_.packed) {
      GzipLines lines(path_);
      while (lines.next(line)) {
        if (static_cast<Index>(lines.lines_read()) > head_.lines) take_line<T>(line, take);
      }
      return;
    }
    const Index begin = head_.body + block * block_bytes;
    const Range bytes{line_start(begin), line_start(begin + block_bytes)};
    if (bytes.begin >= bytes.end) return;
    CsvLines lines(file_, bytes, ' ');
    while (lines.next(line)) take_line<T>(line, take);
  }

  template <class T>
  void take_line(std::string_view line, const Take& take) const {
    if (is_blank(line)) return;
    Words words(line);
    Index row = 0;
    Index column = 0;
    const bool places = parse(words.next(), row) && parse(words.next(), column);
    if (places && (row < 1 || row > head_.rows || column < 1 || column > head_.columns)) {
      throw Error(ErrorKind::data, fmt::format("{}: element ({}, {}) lies outside of the {} x {} "
                                               "matrix",
                                               path_, row, column, head_.rows, head_.columns));
    }
    T value{1};
    const std::string_view word = head_.pattern ? std::string_view() : words.next();
    if (!places || (!head_.pattern && !parse_value(word, value)) || !words.next().empty()) {
      throw Error(ErrorKind::data, fmt::format("{}: \"{}\" is not an element of a matrix of {}",
                                               path_, line.substr(0, 80), name_of(type_)));
    }
    const Index sample = (columns_first_ ? column : row) - 1;
    const Index feature = (columns_first_ ? row : column) - 1;
    take(sample, feature, reinterpret_cast<const std::byte*>(&value));
  }

  // Whole numbers may be written like real ones.
  template <class T>
  static bool parse_value(std::string_view word, T& value) {
    if (parse(word, value)) return true;
    if constexpr (std::is_integral_v<T>) {
      double real = 0;
      if (!parse(word, real) || real != std::floor(real) ||
          real < static_cast<double>(std::numeric_limits<T>::min()) ||
          real >= std::ldexp(1.0, std::numeric_limits<T>::digits)) {
        return false;
      }
      value = static_cast<T>(real);
      return true;
    }
    return false;
  }

  void find_names();

  std::string path_;
  ByteFile file_;
  Head head_;
  bool columns_first_;
  ElementType type_ = ElementType::f32;
  std::vector<std::string> feature_names_;
  std::vector<std::string> sample_names_;
};

// The columns of a text of tabs.
std::vector<std::vector<std::string>> read_columns(const std::string& path) {
  std::vector<std::vector<std::string>> columns(2);
  GzipLines lines(path);
  std::string_view line;
  while (lines.next(line)) {
    for (std::vector<std::string>& column : columns) {
      const std::size_t tab = std::min(line.find('\t'), line.size());
      column.emplace_back(line.substr(0, tab));
      line.remove_prefix(std::min(tab + 1, line.size()));
    }
  }
  return columns;
}

// The file that 10x Genomics writes beside a matrix; no columns when there is none.
std::vector<std::vector<std::string>> columns_beside(const std::string& matrix,
                                                     std::initializer_list<const char*> names) {
  const std::size_t place = matrix.rfind("matrix.mtx");
  if (place == std::string::npos || matrix.find('/', place) != std::string::npos) return {};
  for (const char* name : names) {
    for (const char* ending : {".tsv", ".tsv.gz"}) {
      const std::string path = matrix.substr(0, place) + name + ending;
      std::error_code ignored;
      if (std::filesystem::is_regular_file(path, ignored)) return read_columns(path);
    }
  }
  return {};
}

bool are_unique(std::vector<std::string> names) {
  std::ranges::sort(names);
  return std::ranges::adjacent_find(names) == names.end();
}

void MatrixMarket::find_names() {
  const auto genes = columns_beside(path_, {"features", "genes"});
  const auto cells = columns_beside(path_, {"barcodes"});
  if (!genes.empty()) {
    const auto count = static_cast<Index>(genes.front().size());
    if (count != features() && count == samples()) {
      throw Error(ErrorKind::usage,
                  fmt::format("{}: has {} that the file of features beside it names one by one: "
                              "give --samples {}",
                              path_, columns_first_ ? "columns" : "rows",
                              columns_first_ ? "rows" : "columns"));
    }
    // Names of genes as people know them, where they tell genes apart; identifiers otherwise.
    for (const std::size_t column : {std::size_t{1}, std::size_t{0}}) {
      if (count == features() && feature_names_.empty() && are_unique(genes[column]))
        feature_names_ = genes[column];
    }
  }
  if (!cells.empty() && static_cast<Index>(cells.front().size()) == samples())
    sample_names_ = cells.front();
}

}  // namespace

std::unique_ptr<SparseReader> open_matrix_market(const std::string& path,
                                                 const MatrixMarketSettings& settings) {
  return std::make_unique<MatrixMarket>(path, settings);
}

}  // namespace hourglass
