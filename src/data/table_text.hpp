#pragma once

#include <span>
#include <string>
#include <vector>

#include "data/columns.hpp"
#include "data/date_time.hpp"
#include "data/normalization.hpp"

namespace hourglass {

/// Turns outputs of a network back into lines of a CSV file (RFC 4180): numbers in the units of the
/// data, the most probable category, true or false, dates in their format.
class TableText {
 public:
  /// `transform` is the network's: value = (output / inverse_deviation + mean) * divisor.
  TableText(std::vector<Column> columns, InputTransform transform);

  [[nodiscard]] const std::vector<Column>& columns() const { return columns_; }
  /// The names, and a line feed.
  [[nodiscard]] std::string header() const;
  /// Appends the line of one sample; `outputs` has one value per feature.
  void append(std::span<const float> outputs, std::string& text) const;

  /// The text of one column of a sample, without quotes.
  [[nodiscard]] std::string cell(std::span<const float> outputs, std::size_t column) const;

  /// A feature in the units of the data.
  [[nodiscard]] double original(std::span<const float> outputs, Index feature) const;
  /// The feature of a category's largest output, counted from its first; the first of equals.
  [[nodiscard]] static Index category_of(std::span<const float> outputs, const Column& column);

 private:
  std::vector<Column> columns_;
  std::vector<DateFormat> dates_;  ///< by column
  InputTransform transform_;
};

}  // namespace hourglass
