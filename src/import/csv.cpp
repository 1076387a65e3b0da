#include "import/csv.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "core/element.hpp"
#include "core/text_list.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

[[noreturn]] void refuse(const std::string& reason) { throw Error(ErrorKind::data, reason); }

}  // namespace

std::string_view CsvSplitter::quoted_cell(std::string_view line, std::size_t& place) {
  const std::size_t begin = unquoted_.size();
  for (std::size_t i = place + 1;; ++i) {
    if (i >= line.size()) refuse("a quote is not closed");
    if (line[i] != '"') {
      unquoted_ += line[i];
    } else if (i + 1 < line.size() && line[i + 1] == '"') {
      unquoted_ += '"';
      ++i;
    } else {
      place = i + 1;
      break;
    }
  }
  const std::size_t end = std::min(line.find(delimiter_, place), line.size());
  if (!trimmed(line.substr(place, end - place)).empty())
    refuse("something follows a closing quote");
  place = end;
  return std::string_view(unquoted_).substr(begin);
}

std::span<const std::string_view> CsvSplitter::split(std::string_view line) {
  cells_.clear();
  unquoted_.clear();
  unquoted_.reserve(line.size());  // so that views of it stay valid
  for (std::size_t place = 0;;) {
    std::size_t first = place;
    while (first < line.size() && line[first] == ' ') ++first;
    if (first < line.size() && line[first] == '"') {
      place = first;
      cells_.push_back(quoted_cell(line, place));
    } else {
      const std::size_t end = std::min(line.find(delimiter_, place), line.size());
      cells_.push_back(trimmed(line.substr(place, end - place)));
      place = end;
    }
    if (place >= line.size()) return cells_;
    ++place;
  }
}

void store_number(std::string_view cell, ElementType type, std::byte* element) {
  if (is_missing(cell))
    refuse("a missing value (" + shown(cell) + "); fill it in, or leave the row out");
  std::string_view digits = cell;
  if (digits.front() == '+') digits.remove_prefix(1);
  const char* const last = digits.data() + digits.size();
  with_element(type, [&]<class T>(std::type_identity<T>) {
    using Parsed = std::conditional_t<std::is_floating_point_v<T>, double, T>;
    Parsed value{};
    const auto [end, error] = std::from_chars(digits.data(), last, value);
    const bool whole = end == last && !digits.empty();
    if (error == std::errc::result_out_of_range && whole) {
      // A number too small for a double is 0 as good as any.
      if (std::is_integral_v<T> || digits.find("e-") == std::string_view::npos)
        refuse(shown(cell) + " is beyond the type's range");
      value = Parsed{};
    } else if (error != std::errc{} || !whole) {
      if constexpr (std::is_integral_v<T>) {
        double real = 0;
        const auto parsed = std::from_chars(digits.data(), last, real);
        if (parsed.ec == std::errc{} && parsed.ptr == last)
          refuse(shown(cell) + " is not a whole number of this type; use --type float32");
      }
      refuse(shown(cell) + " is not a number");
    }
    if constexpr (std::is_floating_point_v<T>) {
      if (std::isinf(value)) refuse(shown(cell) + " is infinite");
      if (std::isnan(value))
        refuse("a missing value (" + shown(cell) + "); fill it in, or leave the row out");
      if (std::fabs(value) > static_cast<double>(std::numeric_limits<T>::max()))
        refuse(shown(cell) + " is beyond the type's range");
    }
    const T stored = static_cast<T>(value);
    std::memcpy(element, &stored, sizeof(T));
  });
}

}  // namespace hourglass
