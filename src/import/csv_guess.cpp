#include "import/csv_guess.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>
#include <utility>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::size_t most_bytes = std::size_t{16} << 20;  // of one column's texts

template <class Value>
void pack(std::string& bytes, const Value& value) {
  static_assert(std::is_trivially_copyable_v<Value>);
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(Value));
}

template <class Value>
void unpack(std::string_view& bytes, Value& value) {
  require(bytes.size() >= sizeof(Value), "findings of a column that are cut");
  std::memcpy(&value, bytes.data(), sizeof(Value));
  bytes.remove_prefix(sizeof(Value));
}

void pack_text(std::string& bytes, const std::string& text) {
  pack(bytes, text.size());
  bytes += text;
}

std::string unpack_text(std::string_view& bytes) {
  std::size_t size = 0;
  unpack(bytes, size);
  require(bytes.size() >= size, "findings of a column that are cut");
  std::string text(bytes.substr(0, size));
  bytes.remove_prefix(size);
  return text;
}

}  // namespace

int boolean_of(std::string_view cell) {
  constexpr std::array<std::string_view, 4> words = {"false", "no", "true", "yes"};
  constexpr std::size_t longest = 5;
  if (cell.size() > longest) return -1;
  std::string lower(cell);
  for (char& letter : lower) {
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  }
  const auto* found = std::ranges::find(words, lower);
  return found == words.end() ? -1 : static_cast<int>((found - words.begin()) / 2);
}

void ColumnGuess::keep(std::string_view cell, Index line) {
  if (text_line_ == 0) {
    text_line_ = line;
    first_text_ = cell.substr(0, 64);
  }
  if (too_many_ || kept_.contains(cell)) return;
  kept_bytes_ += cell.size();
  if (kept_.size() >= most_texts || kept_bytes_ > most_bytes) {
    too_many_ = true;
    kept_.clear();
    return;
  }
  kept_.emplace(cell);
}

void ColumnGuess::add_date(const DateText& date) {
  const DateFormat& format = date.format;
  if (dates_++ == 0) {
    dates_format_ = format;
  } else {
    date_mixed_ = date_mixed_ || dates_format_.separator != format.separator ||
                  dates_format_.time_mark != format.time_mark;
    dates_format_.seconds = dates_format_.seconds || format.seconds;
    dates_format_.decimals = std::max(dates_format_.decimals, format.decimals);
    dates_format_.zone = dates_format_.zone || format.zone;
  }
  for (const DateOrder order :
       {DateOrder::year_first, DateOrder::day_first, DateOrder::month_first}) {
    if (!hourglass::fits(date, order)) {
      date_orders_[static_cast<std::size_t>(order)] = false;
    } else if (!dates_rounded_) {
      const double seconds = seconds_since_1970(date, order);
      dates_rounded_ = static_cast<double>(static_cast<float>(seconds)) != seconds;
    }
  }
}

void ColumnGuess::add(std::string_view cell, Index line) {
  if (is_missing(cell)) {
    ++missing_;
    return;
  }
  double value = 0;
  const NumberKind kind = read_number(cell, format_, value);
  if (kind == NumberKind::finite) return add_number(value, cell, line);
  if (kind != NumberKind::no) {  // refused where it is stored
    if (keep_all_) keep(cell, line);
    ++numbers_;
    return;
  }
  keep(cell, line);
  if (const auto date = read_date(cell)) return add_date(*date);
  if (boolean_of(cell) >= 0) {
    ++booleans_;
    return;
  }
  ++texts_;
  if (is_foreign_number(cell, format_)) ++foreign_;
}

void ColumnGuess::merge(const ColumnGuess& later) {
  if (text_line_ == 0) {
    first_text_ = later.first_text_;
    text_line_ = later.text_line_;
  }
  if (dates_ == 0) {
    dates_format_ = later.dates_format_;
  } else if (later.dates_ > 0) {
    date_mixed_ = date_mixed_ || dates_format_.separator != later.dates_format_.separator ||
                  dates_format_.time_mark != later.dates_format_.time_mark;
    dates_format_.seconds = dates_format_.seconds || later.dates_format_.seconds;
    dates_format_.decimals = std::max(dates_format_.decimals, later.dates_format_.decimals);
    dates_format_.zone = dates_format_.zone || later.dates_format_.zone;
  }
  date_mixed_ = date_mixed_ || later.date_mixed_;
  dates_rounded_ = dates_rounded_ || later.dates_rounded_;
  for (std::size_t order = 0; order < std::size(date_orders_); ++order)
    date_orders_[order] = date_orders_[order] && later.date_orders_[order];
  missing_ += later.missing_;
  numbers_ += later.numbers_;
  booleans_ += later.booleans_;
  dates_ += later.dates_;
  texts_ += later.texts_;
  foreign_ += later.foreign_;
  lowest_ = std::fmin(lowest_, later.lowest_);
  highest_ = std::fmax(highest_, later.highest_);
  rounded_ = rounded_ || later.rounded_;
  loses_digits_ = loses_digits_ || later.loses_digits_;
  too_many_ = too_many_ || later.too_many_;
  if (!too_many_) {
    for (const std::string& text : later.kept_) {
      if (kept_.insert(text).second) kept_bytes_ += text.size();
    }
    too_many_ = kept_.size() > most_texts || kept_bytes_ > most_bytes;
  }
  if (too_many_) kept_.clear();
}

void ColumnGuess::shift_lines(Index lines) {
  if (text_line_ > 0) text_line_ += lines;
}

bool ColumnGuess::needs_double() const {
  if (loses_digits_) return true;
  constexpr double single_epsilon = 1.0 / (1 << 24);
  constexpr double steps = 1000;
  const double range = highest_ - lowest_;
  const double largest = std::fmax(std::fabs(highest_), std::fabs(lowest_));
  return rounded_ && range > 0 && largest * single_epsilon * steps > range;
}

std::vector<std::string> ColumnGuess::vocabulary() const {
  std::vector<std::string> texts(kept_.begin(), kept_.end());
  std::ranges::sort(texts);
  return texts;
}

std::string ColumnGuess::packed() const {
  std::string bytes;
  for (const Index number : {missing_, numbers_, booleans_, dates_, texts_, foreign_, text_line_,
                             static_cast<Index>(kept_bytes_)})
    pack(bytes, number);
  pack(bytes, format_);
  pack(bytes, lowest_);
  pack(bytes, highest_);
  for (const bool flag : {keep_all_, rounded_, loses_digits_, date_orders_[0], date_orders_[1],
                          date_orders_[2], date_mixed_, dates_rounded_, too_many_})
    pack(bytes, flag);
  pack(bytes, dates_format_);
  pack_text(bytes, first_text_);
  pack(bytes, kept_.size());
  for (const std::string& text : kept_) pack_text(bytes, text);
  return bytes;
}

ColumnGuess ColumnGuess::unpacked(std::string_view bytes) {
  ColumnGuess guess({}, false);
  Index kept_bytes = 0;
  for (Index* number : {&guess.missing_, &guess.numbers_, &guess.booleans_, &guess.dates_,
                        &guess.texts_, &guess.foreign_, &guess.text_line_, &kept_bytes})
    unpack(bytes, *number);
  guess.kept_bytes_ = static_cast<std::size_t>(kept_bytes);
  unpack(bytes, guess.format_);
  unpack(bytes, guess.lowest_);
  unpack(bytes, guess.highest_);
  for (bool* flag : {&guess.keep_all_, &guess.rounded_, &guess.loses_digits_,
                     &guess.date_orders_[0], &guess.date_orders_[1], &guess.date_orders_[2],
                     &guess.date_mixed_, &guess.dates_rounded_, &guess.too_many_})
    unpack(bytes, *flag);
  unpack(bytes, guess.dates_format_);
  guess.first_text_ = unpack_text(bytes);
  std::size_t texts = 0;
  unpack(bytes, texts);
  for (std::size_t i = 0; i < texts; ++i) guess.kept_.insert(unpack_text(bytes));
  return guess;
}

}  // namespace hourglass
