#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

#include "data/normalization.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// Whether `value` is exactly a number of type T; floating types round, as they did when the file
/// was written.
template <class T>
[[nodiscard]] bool is_value_of(double value) {
  if constexpr (std::is_floating_point_v<T>) {
    return true;
  } else {
    // The largest 64-bit integers round up to 2^63 and 2^64, which are beyond.
    return value >= static_cast<double>(std::numeric_limits<T>::min()) &&
           value < std::ldexp(1.0, std::numeric_limits<T>::digits) && value == std::floor(value);
  }
}

/// Whether a stored element is missing: NaN or one of `values`. Needs no memory of its own.
template <class T>
[[nodiscard]] bool is_missing(T element, const std::vector<double>& values) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(element)) return true;
  }
  return std::ranges::any_of(values, [element](double value) {
    return is_value_of<T>(value) && element == static_cast<T>(value);
  });
}

/// Puts NaN, or the mean, into the elements of a converted row whose `stored` numbers are missing.
void replace_missing(ElementType type, const std::byte* stored, const MissingValues& missing,
                     std::span<float> row);

/// Index of the first element that the treatment does not allow, or -1: NaN, an infinity, a double
/// beyond single precision, but for those that count as missing where missing elements are allowed;
/// and, where they are refused, any that counts as missing.
[[nodiscard]] Index first_refused(ElementType type, std::span<const std::byte> stored,
                                  const MissingValues& missing);

/// Throws Error(usage) naming a value that no element of the data set can be equal to.
void check_missing_values(const DatasetInfo& info, const std::vector<double>& values);

}  // namespace hourglass
