#include "import/csv_number.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace hourglass {

namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

// "1.234.567,5" as "1234567.5"; nothing when the separators do not stand between threes of digits.
bool normalise(std::string_view cell, const NumberFormat& format, std::string& plain) {
  std::size_t place = 0;
  if (place < cell.size() && (cell[place] == '-' || cell[place] == '+')) plain += cell[place++];
  std::size_t digits = 0;
  std::size_t groups = 0;
  for (; place < cell.size(); ++place) {
    const char letter = cell[place];
    if (is_digit(letter)) {
      plain += letter;
      ++digits;
    } else if (letter == format.thousands && letter != '\0') {
      if (digits == 0 || digits > 3 || (groups > 0 && digits != 3)) return false;
      ++groups;
      digits = 0;
    } else {
      break;
    }
  }
  if (groups > 0 && digits != 3) return false;
  if (place < cell.size() && cell[place] == format.decimal) {
    plain += '.';
    ++place;
  }
  const std::string_view rest = cell.substr(place);
  if (rest.find('.') != std::string_view::npos || rest.find(',') != std::string_view::npos)
    return false;
  plain += rest;
  return true;
}

NumberKind read_plain(std::string_view cell, double& value) {
  if (!cell.empty() && cell.front() == '+') {
    cell.remove_prefix(1);
    if (!cell.empty() && cell.front() == '-') return NumberKind::no;
  }
  const char* const last = cell.data() + cell.size();
  const auto [end, error] = std::from_chars(cell.data(), last, value);
  if (cell.empty() || end != last) return NumberKind::no;
  if (error == std::errc::result_out_of_range) {
    // A number too small for a double is 0 as good as any.
    const std::size_t mark = cell.find_first_of("eE");
    const bool small = mark == std::string_view::npos
                           ? cell.find('.') < cell.find_first_of("123456789")
                           : mark + 1 < cell.size() && cell[mark + 1] == '-';
    value = 0;
    return small ? NumberKind::finite : NumberKind::beyond_double;
  }
  if (error != std::errc{} || std::isnan(value)) return NumberKind::no;
  return std::isinf(value) ? NumberKind::infinite : NumberKind::finite;
}

}  // namespace

NumberKind read_number(std::string_view cell, const NumberFormat& format, double& value) {
  const char* place = cell.data();
  const char* const last = place + cell.size();
  if (format.plain()) {
    if (csv_detail::take_number(place, last, value) && place == last) return NumberKind::finite;
    return read_plain(cell, value);
  }
  std::string plain;
  return normalise(cell, format, plain) ? read_plain(plain, value) : NumberKind::no;
}

bool is_missing(std::string_view cell) {
  constexpr std::array<std::string_view, 17> words = {"",     "NA",  "N/A",  "n/a",  "na",   "NaN",
                                                      "nan",  "NAN", "null", "NULL", "None", "none",
                                                      "<NA>", "NaT", "#N/A", "?",    "-"};
  constexpr std::size_t longest = 4;
  return cell.size() <= longest && std::find(words.begin(), words.end(), cell) != words.end();
}

bool loses_digits(std::string_view cell, double value) {
  constexpr double exact = 1 << 24;  // whole numbers up to here are floats
  if (std::fabs(value) <= exact || static_cast<double>(static_cast<float>(value)) == value ||
      value != std::floor(value)) {
    return false;
  }
  if (cell.find_first_of("eE") != std::string_view::npos) return false;
  constexpr int kept = 7;
  int significant = 0;
  int zeros = 0;
  for (const char letter : cell) {
    if (!is_digit(letter)) continue;
    if (letter == '0') {
      zeros += significant > 0 ? 1 : 0;
    } else {
      significant += zeros + 1;
      zeros = 0;
    }
  }
  return significant > kept;
}

bool is_foreign_number(std::string_view cell, const NumberFormat& used) {
  if (cell.empty() || !(is_digit(cell.front()) || is_digit(cell.back()))) return false;
  double ignored = 0;
  for (const NumberFormat& format :
       {NumberFormat{'.', '\0'}, NumberFormat{',', '\0'}, NumberFormat{'.', ','},
        NumberFormat{',', '.'}, NumberFormat{'.', ' '}, NumberFormat{',', ' '},
        NumberFormat{'.', '\''}, NumberFormat{',', '\''}}) {
    if (format.decimal == used.decimal && format.thousands == used.thousands) continue;
    if (read_number(cell, format, ignored) == NumberKind::finite) return true;
  }
  return false;
}

std::string shown(std::string_view cell) {
  constexpr std::size_t longest = 40;
  std::string text(cell.substr(0, longest));
  for (char& letter : text) {
    if (static_cast<unsigned char>(letter) < ' ') letter = '?';
  }
  return "'" + text + (cell.size() > longest ? "...'" : "'");
}

}  // namespace hourglass
