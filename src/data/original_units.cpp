#include "data/original_units.hpp"

#include <limits>
#include <string>

#include "core/element.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

Units units_from(std::string_view name) {
  if (name == "network") return Units::network;
  if (name == "data") return Units::data;
  throw Error(ErrorKind::usage,
              "--units is '" + std::string(name) + "', but network or data is expected");
}

double original_unit(const InputTransform& transform, std::size_t feature) {
  if (transform.mean.empty()) return transform.divisor;
  return transform.divisor / static_cast<double>(transform.inverse_deviation[feature]);
}

std::vector<double> original_units(const InputTransform& transform, Index features) {
  std::vector<double> units;
  for (Index f = 0; f < features; ++f)
    units.push_back(original_unit(transform, static_cast<std::size_t>(f)));
  return units;
}

double original_value(const InputTransform& transform, std::size_t feature, float x) {
  const auto value = static_cast<double>(x);
  if (transform.mean.empty()) return value * transform.divisor;
  const double mean = transform.exact_mean.empty() ? static_cast<double>(transform.mean[feature])
                                                   : transform.exact_mean[feature];
  return (value / static_cast<double>(transform.inverse_deviation[feature]) + mean) *
         transform.divisor;
}

void original_row(const InputTransform& transform, std::span<const float> row,
                  std::span<double> original) {
  for (std::size_t c = 0; c < row.size(); ++c) original[c] = original_value(transform, c, row[c]);
}

bool needs_double(ElementType type) {
  return with_element(type, []<class T>(std::type_identity<T>) {
    return std::numeric_limits<T>::digits > std::numeric_limits<float>::digits;
  });
}

}  // namespace hourglass
