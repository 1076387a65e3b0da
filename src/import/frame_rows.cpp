#include "import/frame_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <unordered_map>
#include <utility>

#include "core/counted.hpp"
#include "core/utf8.hpp"
#include "data/date_time.hpp"
#include "hdf5/compound_columns.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::size_t most_categories = 1000;
constexpr Index bytes_at_once = Index{8} << 20;
constexpr std::int64_t nanoseconds = 1'000'000'000;
constexpr std::int64_t not_a_time = std::numeric_limits<std::int64_t>::min();

bool is_text(const FrameField& field) {
  return field.kind == CellKind::text || field.kind == CellKind::pointer;
}

/// What the cells of a column of texts or times have been.
struct Findings {
  std::set<std::string, std::less<>> texts;
  bool times = false;  // of a day
  int decimals = 0;    // of seconds
};

void note_time(std::int64_t time, Findings& found) {
  if (time == not_a_time) return;
  constexpr std::int64_t day = 86400 * nanoseconds;
  found.times = found.times || time % day != 0;
  std::int64_t rest = std::abs(time % nanoseconds);
  int decimals = rest == 0 ? 0 : 9;
  for (; decimals > 0 && rest % 10 == 0; rest /= 10) --decimals;
  found.decimals = std::max(found.decimals, decimals);
}

double seconds_of(std::int64_t time) {
  if (time == not_a_time) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(time / nanoseconds) +
         static_cast<double>(time % nanoseconds) / static_cast<double>(nanoseconds);
}

class FrameRows final : public RowReader {
 public:
  FrameRows(Frame frame, const std::vector<Column>& like, const std::string& origin)
      : frame_(std::move(frame)) {
    find_columns();
    if (!like.empty()) follow(like, origin);
    const Index features = number_features(columns_);
    shape_ = {frame_.rows, features};
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const FrameField& field = frame_.fields[c];
      if (field.kind == CellKind::number)
        type_ = hdf5::common_type(type_, field.type);
      else if (field.kind == CellKind::time || field.kind == CellKind::duration)
        type_ = ElementType::f64;
      if (columns_[c].kind != ColumnKind::category) continue;
      std::unordered_map<std::string, Index>& places = places_[c];
      for (const std::string& text : columns_[c].vocabulary)
        places.emplace(text, static_cast<Index>(places.size()));
    }
  }

  [[nodiscard]] const std::string& path() const override { return frame_.name; }
  [[nodiscard]] ElementType type() const override { return type_; }
  [[nodiscard]] const std::vector<Index>& shape() const override { return shape_; }
  [[nodiscard]] const std::vector<Column>& columns() const override { return columns_; }
  [[nodiscard]] bool may_miss_values() const override { return true; }
  [[nodiscard]] std::string note() const override { return note_; }
  [[nodiscard]] std::vector<std::string> files() const override { return {frame_.file}; }

  void read_rows(Range rows, std::span<std::byte> bytes) override {
    const auto row_bytes_out = static_cast<std::size_t>(row_bytes());
    std::vector<double> values(static_cast<std::size_t>(shape_[1]));
    for_blocks(rows, [&](const std::vector<FrameBlock>& blocks, Index first, Index count) {
      for (Index row = 0; row < count; ++row) {
        std::ranges::fill(values, 0.0);
        for (std::size_t c = 0; c < columns_.size(); ++c)
          put(c, blocks[frame_.fields[c].part].row(row), first + row, values);
        store(values, bytes.first(row_bytes_out));
        bytes = bytes.subspan(row_bytes_out);
      }
    });
  }

 private:
  /// Blocks of rows of all parts, in order.
  template <class Use>
  void for_blocks(Range rows, const Use& use) const {
    std::size_t bytes = 1;
    for (const FramePart& part : frame_.parts) bytes += part.row_bytes;
    const Index at_once = std::max<Index>(1, bytes_at_once / static_cast<Index>(bytes));
    for (Index begin = rows.begin; begin < rows.end; begin += at_once) {
      const Range some{begin, std::min(rows.end, begin + at_once)};
      std::vector<FrameBlock> blocks;
      blocks.reserve(frame_.parts.size());
      for (std::size_t p = 0; p < frame_.parts.size(); ++p) blocks.push_back(frame_.read(p, some));
      use(blocks, some.begin, some.size());
    }
  }

  [[nodiscard]] bool is_missing(const std::string& text) const {
    // pandas writes a word for missing texts; other writers leave them empty.
    return text == frame_.missing_text;
  }

  void find_columns() {
    std::vector<Findings> found(frame_.fields.size());
    const bool learns = std::ranges::any_of(frame_.fields, [](const FrameField& field) {
      return is_text(field) || field.kind == CellKind::time;
    });
    if (learns) {
      for_blocks({0, frame_.rows},
                 [&](const std::vector<FrameBlock>& blocks, Index /*first*/, Index count) {
                   for (Index row = 0; row < count; ++row) {
                     for (std::size_t c = 0; c < found.size(); ++c)
                       learn(frame_.fields[c], blocks[frame_.fields[c].part].row(row), found[c]);
                   }
                 });
    }
    for (std::size_t c = 0; c < found.size(); ++c)
      columns_.push_back(column_of(frame_.fields[c], found[c]));
    for (const std::string& name : feature_names(columns_)) {
      if (!is_utf8(name) || name.find('\0') != std::string::npos) {
        throw Error(ErrorKind::data, frame_.name +
                                         ": has a column name or a text that is not "
                                         "UTF-8: store it with pandas or h5py as UTF-8");
      }
    }
    places_.resize(columns_.size());
    note_ = fmt::format("{}: {}", counted(static_cast<Index>(columns_.size()), "column"),
                        describe_columns(columns_));
  }

  void learn(const FrameField& field, const std::byte* row, Findings& found) const {
    if (field.kind == CellKind::time) return note_time(cell_integer(field, row), found);
    if (!is_text(field)) return;
    std::string text = cell_text(field, row);
    if (is_missing(text) || found.texts.contains(text)) return;
    if (found.texts.size() >= most_categories) {
      throw Error(ErrorKind::data,
                  fmt::format("{}: column '{}' holds more than {} different texts: drop it with "
                              "--drop-columns {}",
                              frame_.name, field.name, most_categories, field.name));
    }
    found.texts.insert(std::move(text));
  }

  [[nodiscard]] Column column_of(const FrameField& field, const Findings& found) const {
    Column column{field.name, ColumnKind::number, {}, {}, {}};
    if (is_text(field) || field.kind == CellKind::code) {
      column.kind = ColumnKind::category;
      column.vocabulary = field.categories;
      if (is_text(field)) column.vocabulary.assign(found.texts.begin(), found.texts.end());
      if (column.vocabulary.empty()) {
        throw Error(ErrorKind::data,
                    fmt::format("{}: column '{}' is missing in every row: drop it with "
                                "--drop-columns {}",
                                frame_.name, field.name, field.name));
      }
    } else if (field.kind == CellKind::boolean) {
      column.kind = ColumnKind::boolean;
      column.vocabulary = {"False", "True"};
    } else if (field.kind == CellKind::time) {
      column.kind = ColumnKind::date;
      DateFormat format;
      format.time_mark = found.times ? ' ' : '\0';
      format.seconds = found.times;
      format.decimals = found.decimals;
      column.format = to_string(format);
    }
    return column;
  }

  /// The columns of an earlier import, in its order.
  void follow(const std::vector<Column>& like, const std::string& origin) {
    std::vector<FrameField> fields;
    for (const Column& column : like) {
      const auto found = std::ranges::find(columns_, column.name, &Column::name);
      if (found == columns_.end()) {
        throw Error(ErrorKind::data, fmt::format("{}: has no column '{}', which {} has",
                                                 frame_.name, column.name, origin));
      }
      if (found->kind != column.kind) {
        throw Error(ErrorKind::data,
                    fmt::format("{}: its column '{}' is a {}, but a {} in {}", frame_.name,
                                column.name, name_of(found->kind), name_of(column.kind), origin));
      }
      fields.push_back(frame_.fields[static_cast<std::size_t>(found - columns_.begin())]);
    }
    frame_.fields = std::move(fields);
    if (columns_.size() > like.size()) {
      note_ = counted(static_cast<Index>(columns_.size() - like.size()), "column") + " that " +
              origin + " does not have are left out";
    }
    columns_ = like;
    places_.assign(columns_.size(), {});
  }

  void put(std::size_t c, const std::byte* cells, Index row, std::vector<double>& values) const {
    const FrameField& field = frame_.fields[c];
    const std::span<double> features(values.data() + columns_[c].features.begin,
                                     static_cast<std::size_t>(columns_[c].features.size()));
    if (columns_[c].kind == ColumnKind::category) return put_category(c, cells, row, features);
    double value = 0;
    if (field.kind == CellKind::time || field.kind == CellKind::duration)
      value = seconds_of(cell_integer(field, cells));
    else
      value = cell_number(field, cells);
    if (std::isinf(value) || std::isinf(static_cast<float>(value))) {
      throw Error(ErrorKind::data,
                  fmt::format("{}: row {} (from 0) holds {} in column '{}', which is not finite in "
                              "single precision; clean the data: drop such rows or replace such "
                              "values",
                              frame_.name, row, value, field.name));
    }
    features.front() = value;
  }

  void put_category(std::size_t c, const std::byte* cells, Index row,
                    std::span<double> features) const {
    const FrameField& field = frame_.fields[c];
    std::string text;
    bool missing = false;
    if (field.kind == CellKind::code) {
      const std::int64_t code = cell_integer(field, cells);
      if (code >= static_cast<std::int64_t>(field.categories.size())) {
        throw Error(ErrorKind::data,
                    fmt::format("{}: row {} (from 0) holds category {} in column '{}', which has "
                                "{} categories",
                                frame_.name, row, code, field.name, field.categories.size()));
      }
      missing = code < 0;
      if (!missing) text = field.categories[static_cast<std::size_t>(code)];
    } else {
      text = cell_text(field, cells);
      missing = is_missing(text);
    }
    if (missing) {
      std::ranges::fill(features, std::numeric_limits<double>::quiet_NaN());
      return;
    }
    const auto place = places_[c].find(text);
    if (place != places_[c].end()) features[static_cast<std::size_t>(place->second)] = 1;
  }

  void store(const std::vector<double>& values, std::span<std::byte> bytes) const {
    if (type_ == ElementType::f64) {
      std::memcpy(bytes.data(), values.data(), bytes.size());
      return;
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto value = static_cast<float>(values[i]);
      std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
    }
  }

  Frame frame_;
  std::vector<Column> columns_;
  std::vector<std::unordered_map<std::string, Index>> places_;  // by column: of each category
  ElementType type_ = ElementType::f32;
  std::vector<Index> shape_;
  std::string note_;
};

}  // namespace

std::unique_ptr<RowReader> frame_rows(Frame frame, const std::vector<Column>& like,
                                      const std::string& origin) {
  return std::make_unique<FrameRows>(std::move(frame), like, origin);
}

std::vector<Column> merged_columns(std::vector<Column> first, const std::vector<Column>& other) {
  for (Column& column : first) {
    const auto found = std::ranges::find(other, column.name, &Column::name);
    if (found == other.end() || found->kind != column.kind) continue;
    if (column.kind == ColumnKind::category) {
      for (const std::string& text : found->vocabulary) {
        if (std::ranges::find(column.vocabulary, text) == column.vocabulary.end())
          column.vocabulary.push_back(text);
      }
    }
    if (found->format.size() > column.format.size()) column.format = found->format;
  }
  number_features(first);
  return first;
}

}  // namespace hourglass
