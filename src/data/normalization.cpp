#include "data/normalization.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "core/element.hpp"
#include "data/missing_values.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::array<std::pair<Normalize, std::string_view>, 4> names = {{
    {Normalize::automatic, "auto"},
    {Normalize::none, "none"},
    {Normalize::unit, "unit"},
    {Normalize::standardize, "standardize"},
}};

/// The narrowest floating type that holds every T.
template <class T>
using Exact =
    std::conditional_t<(std::numeric_limits<T>::digits <= std::numeric_limits<float>::digits),
                       float, double>;

/// NaN stays NaN.
float cut(float x) {
  return x < -most_deviations ? -most_deviations : x > most_deviations ? most_deviations : x;
}

template <class T>
void convert_in_double(const std::byte* stored, const InputTransform& transform,
                       std::span<float> row) {
  for (std::size_t c = 0; c < row.size(); ++c) {
    const double value = static_cast<double>(load_element<T>(stored, c)) / transform.divisor;
    row[c] = cut(static_cast<float>((value - transform.exact_mean[c]) *
                                    static_cast<double>(transform.inverse_deviation[c])));
  }
}

template <class T>
void convert(const std::byte* stored, const InputTransform& transform, std::span<float> row) {
  using Real = Exact<T>;
  const auto value = [stored](std::size_t c) {
    return static_cast<Real>(load_element<T>(stored, c));
  };
  const auto divisor = static_cast<Real>(transform.divisor);
  if (transform.mean.empty()) {
    for (std::size_t c = 0; c < row.size(); ++c) row[c] = static_cast<float>(value(c) / divisor);
    return;
  }
  if (!transform.exact_mean.empty()) return convert_in_double<T>(stored, transform, row);
  const float* mean = transform.mean.data();
  const float* inverse_deviation = transform.inverse_deviation.data();
  for (std::size_t c = 0; c < row.size(); ++c) {
    row[c] = cut(static_cast<float>((value(c) / divisor - static_cast<Real>(mean[c])) *
                                    static_cast<Real>(inverse_deviation[c])));
  }
}

template <class T>
Index find_non_finite(std::span<const std::byte> stored) {
  const std::size_t count = stored.size() / sizeof(T);
  // Written so that NaN fails the comparison too.
  const auto is_bad = [&](std::size_t i) {
    return !(std::fabs(load_element<T>(stored.data(), i)) <=
             static_cast<T>(std::numeric_limits<float>::max()));
  };
  // Whole groups without an early exit vectorise; the search for the element happens once, on the
  // way to an error.
  constexpr std::size_t group = 1024;
  for (std::size_t begin = 0; begin < count; begin += group) {
    const std::size_t end = std::min(begin + group, count);
    unsigned bad = 0;
    for (std::size_t i = begin; i < end; ++i) bad |= static_cast<unsigned>(is_bad(i));
    if (bad == 0) continue;
    for (std::size_t i = begin; i < end; ++i) {
      if (is_bad(i)) return static_cast<Index>(i);
    }
  }
  return -1;
}

}  // namespace

std::string_view name_of(Normalize normalize) {
  for (const auto& [value, name] : names) {
    if (value == normalize) return name;
  }
  throw Error(ErrorKind::bug, "internal error: unknown normalization");
}

Normalize normalize_from(std::string_view name) {
  std::string known;
  for (const auto& [value, value_name] : names) {
    if (value_name == name) return value;
    known += (known.empty() ? "" : ", ") + std::string(value_name);
  }
  throw Error(ErrorKind::usage,
              "unknown normalization '" + std::string(name) + "': use one of " + known);
}

std::vector<std::string> normalize_names() {
  std::vector<std::string> result;
  for (const auto& [value, name] : names) result.emplace_back(name);
  return result;
}

Normalize resolve(Normalize normalize, ElementType type) {
  if (normalize != Normalize::automatic) return normalize;
  return is_integer(type) ? Normalize::unit : Normalize::none;
}

double unit_divisor(ElementType type) {
  return with_element(type, []<class T>(std::type_identity<T>) {
    if constexpr (std::is_integral_v<T>) {
      return static_cast<double>(std::numeric_limits<T>::max());
    } else {
      return 1.0;
    }
  });
}

void convert_row(ElementType type, const std::byte* stored, const InputTransform& transform,
                 std::span<float> row) {
  require(transform.mean.empty() ||
              (transform.mean.size() == row.size() &&
               transform.inverse_deviation.size() == row.size() &&
               (transform.exact_mean.empty() || transform.exact_mean.size() == row.size())),
          "a transform's mean and deviation have one element a feature");
  with_element(type, [&]<class T>(std::type_identity<T>) { convert<T>(stored, transform, row); });
  if (transform.missing.treatment != Missing::refuse)
    replace_missing(type, stored, transform.missing, row);
}

Index first_non_finite(ElementType type, std::span<const std::byte> stored) {
  return with_element(type, [&]<class T>(std::type_identity<T>) -> Index {
    if constexpr (std::is_floating_point_v<T>) {
      return find_non_finite<T>(stored);
    } else {
      return -1;
    }
  });
}

}  // namespace hourglass
