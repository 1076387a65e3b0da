#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// How the numbers of a table are written.
struct NumberFormat {
  char decimal = '.';
  char thousands = '\0';  ///< between groups of three digits; 0: none
  [[nodiscard]] bool plain() const { return decimal == '.' && thousands == '\0'; }
};

/// What a cell can be as a number.
enum class NumberKind { no, finite, infinite, beyond_double };

/// Reads all of `cell` as the nearest double. A plus sign may stand in front.
[[nodiscard]] NumberKind read_number(std::string_view cell, const NumberFormat& format,
                                     double& value);

/// Whether the cell stands for a missing value: nothing, NA, NaN, null, ...
[[nodiscard]] bool is_missing(std::string_view cell);

/// Whether a whole number in plain digits would be changed by single precision: more than 7
/// significant digits, and not a float.
[[nodiscard]] bool loses_digits(std::string_view cell, double value);

/// Whether the cell looks like a number of another format than `used`.
[[nodiscard]] bool is_foreign_number(std::string_view cell, const NumberFormat& used);

/// A cell for a message: quoted, cut, without control characters.
[[nodiscard]] std::string shown(std::string_view cell);

namespace csv_detail {

inline constexpr double powers_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                           1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                           1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

inline bool take_digits(const char*& place, const char* last, std::uint64_t& mantissa) {
  const char* const begin = place;
  for (; place < last; ++place) {
    const auto digit = static_cast<unsigned>(static_cast<unsigned char>(*place)) - '0';
    if (digit > 9) break;
    mantissa = mantissa * 10 + digit;
  }
  return place > begin;
}

/// Reads a number that begins at `place` and leaves `place` behind it. A mantissa below 2^53 and a
/// power of ten that a double holds exactly give the nearest double by one rounding (Clinger, "How
/// to read floating point numbers accurately", 1990); other numbers are left to the library. False
/// when no finite number begins there.
inline bool take_number(const char*& place, const char* last, double& value) {
  const char* at = place;
  const bool negative = at < last && *at == '-';
  if (at < last && (*at == '-' || *at == '+')) ++at;
  const char* const number = at;
  std::uint64_t mantissa = 0;
  bool any = take_digits(at, last, mantissa);
  Index digits = at - number;
  Index exponent = 0;
  if (at < last && *at == '.') {
    const char* const fraction = ++at;
    any = take_digits(at, last, mantissa) || any;
    exponent = fraction - at;
    digits -= exponent;
  }
  if (!any) return false;
  if (at < last && (*at == 'e' || *at == 'E')) digits = 99;
  constexpr Index most_digits = 19;  // of 64 bits
  constexpr std::uint64_t largest = std::uint64_t{1} << 53;
  if (digits <= most_digits && mantissa <= largest && exponent >= -22) {
    const double magnitude = static_cast<double>(mantissa) / powers_of_ten[-exponent];
    value = negative ? -magnitude : magnitude;
    place = at;
    return true;
  }
  const auto [end, error] = std::from_chars(number, last, value);
  if (error != std::errc{}) return false;
  if (negative) value = -value;
  place = end;
  return true;
}

}  // namespace csv_detail

/// Calls take(column, value, cell) for every cell of a line of plain numbers and gives their count;
/// -1 as soon as a cell is something else, and the line has to be split.
template <class Take>
Index for_each_number(std::string_view line, char delimiter, Take take) {
  const char* place = line.data();
  const char* const last = place + line.size();
  for (Index column = 0;; ++column) {
    while (place < last && *place == ' ') ++place;
    const char* const begin = place;
    double value = 0;
    if (!csv_detail::take_number(place, last, value)) return -1;
    const std::string_view cell(begin, static_cast<std::size_t>(place - begin));
    while (place < last && *place == ' ') ++place;
    if (place < last && *place != delimiter) return -1;
    take(column, value, cell);
    if (place == last) return column + 1;
    ++place;
  }
}

}  // namespace hourglass
