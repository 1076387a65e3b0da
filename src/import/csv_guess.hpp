#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "data/date_time.hpp"
#include "hourglass/core/types.hpp"
#include "import/csv_number.hpp"

namespace hourglass {

/// Looks texts up without copying them.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};
using TextSet = std::unordered_set<std::string, TextHash, std::equal_to<>>;

/// What the cells of one column have been so far: enough to tell its kind. The result for all rows
/// does not depend on how they were divided.
class ColumnGuess {
 public:
  /// `keep_all`: numbers count as texts too, for a column that is to be a category.
  ColumnGuess(NumberFormat format, bool keep_all) : format_(format), keep_all_(keep_all) {}

  void add(std::string_view cell, Index line);
  /// A cell that is this finite number.
  void add_number(double value, std::string_view cell, Index line) {
    if (keep_all_) keep(cell, line);
    constexpr double exact = 1 << 24;
    ++numbers_;
    lowest_ = std::fmin(lowest_, value);
    highest_ = std::fmax(highest_, value);
    rounded_ = rounded_ || static_cast<double>(static_cast<float>(value)) != value;
    if (std::fabs(value) > exact && !loses_digits_) loses_digits_ = loses_digits(cell, value);
  }

  /// Takes in the cells that follow.
  void merge(const ColumnGuess& later);
  /// Adds to the numbers of lines.
  void shift_lines(Index lines);
  /// As bytes, and back.
  [[nodiscard]] std::string packed() const;
  [[nodiscard]] static ColumnGuess unpacked(std::string_view bytes);

  [[nodiscard]] Index missing() const { return missing_; }
  [[nodiscard]] Index numbers() const { return numbers_; }
  [[nodiscard]] Index texts() const { return texts_; }
  [[nodiscard]] Index foreign() const { return foreign_; }
  [[nodiscard]] Index present() const { return numbers_ + booleans_ + dates_ + texts_; }
  [[nodiscard]] bool all_numbers() const { return present() == numbers_; }
  [[nodiscard]] bool all_booleans() const { return present() == booleans_; }
  [[nodiscard]] bool all_dates() const { return present() == dates_ && !date_mixed_; }
  /// Whether the values need double precision: whole numbers of more digits than a float has, or a
  /// range so small beside the values that less than a thousand floats lie in it.
  [[nodiscard]] bool needs_double() const;
  /// Whether the order fits all dates.
  [[nodiscard]] bool fits(DateOrder order) const {
    return date_orders_[static_cast<std::size_t>(order)];
  }
  /// Separator, and the finest time that a date has.
  [[nodiscard]] const DateFormat& dates() const { return dates_format_; }
  /// Seconds since 1970 are beyond a float's digits.
  [[nodiscard]] bool dates_need_double() const { return dates_rounded_; }
  /// Different texts in their order; more than `most_texts` are not kept.
  [[nodiscard]] std::vector<std::string> vocabulary() const;
  [[nodiscard]] bool too_many() const { return too_many_; }
  /// The first cell that is not a number, and its line.
  [[nodiscard]] const std::string& first_text() const { return first_text_; }
  [[nodiscard]] Index text_line() const { return text_line_; }

  static constexpr std::size_t most_texts = 65536;

 private:
  void keep(std::string_view cell, Index line);
  void add_date(const DateText& date);

  NumberFormat format_;
  bool keep_all_;
  Index missing_ = 0;
  Index numbers_ = 0;
  Index booleans_ = 0;
  Index dates_ = 0;
  Index texts_ = 0;
  Index foreign_ = 0;  // of the texts: numbers of another format
  double lowest_ = std::numeric_limits<double>::infinity();
  double highest_ = -std::numeric_limits<double>::infinity();
  bool rounded_ = false;
  bool loses_digits_ = false;
  bool date_orders_[3] = {true, true, true};
  bool date_mixed_ = false;
  bool dates_rounded_ = false;
  DateFormat dates_format_;
  TextSet kept_;
  std::size_t kept_bytes_ = 0;
  bool too_many_ = false;
  std::string first_text_;
  Index text_line_ = 0;
};

/// 0 for false and no, 1 for true and yes, in any case; -1 for other texts.
[[nodiscard]] int boolean_of(std::string_view cell);

}  // namespace hourglass
