#include "data/table_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/text_list.hpp"
#include "data/original_units.hpp"

namespace hourglass {

namespace {

// Where true and false meet.
constexpr double half = 0.5;

// Blanks at the ends of a cell belong to it only in quotes.
std::string cell_text(const std::string& text) {
  const bool padded = !text.empty() && (text.front() == ' ' || text.back() == ' ');
  const std::string field = csv_field(text);
  return padded && field == text ? "\"" + text + "\"" : field;
}

// As many as an output has by itself, and those of a mean that is large beside it: a clock keeps
// its seconds.
int digits_of(const InputTransform& transform, Index feature, double value) {
  constexpr int own = 8;
  constexpr int most = 17;  // of a double
  if (transform.mean.empty() || value == 0) return own;
  const double unit = original_unit(transform, static_cast<std::size_t>(feature));
  const double more = std::ceil(std::log10(std::fabs(value) / unit));
  return more > 0 ? static_cast<int>(std::min<double>(most, own - 1 + more)) : own;
}

}  // namespace

TableText::TableText(std::vector<Column> columns, InputTransform transform)
    : columns_(std::move(columns)), transform_(std::move(transform)) {
  for (const Column& column : columns_) {
    dates_.push_back(column.kind == ColumnKind::date ? date_format_from(column.format)
                                                     : DateFormat{});
  }
}

std::string TableText::header() const {
  std::string text;
  for (const Column& column : columns_) text += (text.empty() ? "" : ",") + cell_text(column.name);
  return text + "\n";
}

double TableText::original(std::span<const float> outputs, Index feature) const {
  const auto c = static_cast<std::size_t>(feature);
  return original_value(transform_, c, outputs[c]);
}

Index TableText::category_of(std::span<const float> outputs, const Column& column) {
  const auto first = outputs.begin() + column.features.begin;
  const auto last = outputs.begin() + column.features.end;
  return std::max_element(first, last) - first;
}

std::string TableText::cell(std::span<const float> outputs, std::size_t c) const {
  const Column& column = columns_[c];
  const double value = original(outputs, column.features.begin);
  switch (column.kind) {
    case ColumnKind::category:
      return column.vocabulary[static_cast<std::size_t>(category_of(outputs, column))];
    case ColumnKind::boolean:
      return column.vocabulary[value >= half ? 1 : 0];
    case ColumnKind::date:
      return date_text(value, dates_[c]);
    case ColumnKind::number:
      break;
  }
  return fmt::format("{:.{}g}", value, digits_of(transform_, column.features.begin, value));
}

void TableText::append(std::span<const float> outputs, std::string& text) const {
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    if (c > 0) text += ',';
    const std::string value = cell(outputs, c);
    text += columns_[c].kind == ColumnKind::number ? value : cell_text(value);
  }
  text += '\n';
}

}  // namespace hourglass
