#include "data/missing_values.hpp"

#include <fmt/format.h>

#include "core/element.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

template <class T>
bool is_finite_float(T element) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::fabs(element) <= static_cast<T>(std::numeric_limits<float>::max());
  } else {
    return true;
  }
}

}  // namespace

void replace_missing(ElementType type, const std::byte* stored, const MissingValues& missing,
                     std::span<float> row) {
  if (!missing.values.empty()) {
    with_element(type, [&]<class T>(std::type_identity<T>) {
      for (std::size_t c = 0; c < row.size(); ++c) {
        if (is_missing(load_element<T>(stored, c), missing.values))
          row[c] = std::numeric_limits<float>::quiet_NaN();
      }
    });
  }
  if (missing.treatment != Missing::mean) return;
  for (std::size_t c = 0; c < row.size(); ++c) {
    if (std::isnan(row[c])) row[c] = missing.means.empty() ? 0.0F : missing.means[c];
  }
}

Index first_refused(ElementType type, std::span<const std::byte> stored,
                    const MissingValues& missing) {
  if (missing.treatment == Missing::refuse && missing.values.empty())
    return first_non_finite(type, stored);
  return with_element(type, [&]<class T>(std::type_identity<T>) -> Index {
    const std::size_t count = stored.size() / sizeof(T);
    const bool allowed = missing.treatment != Missing::refuse;
    for (std::size_t i = 0; i < count; ++i) {
      const T element = load_element<T>(stored.data(), i);
      if (is_missing(element, missing.values) ? !allowed : !is_finite_float(element))
        return static_cast<Index>(i);
    }
    return -1;
  });
}

void check_missing_values(const DatasetInfo& info, const std::vector<double>& values) {
  with_element(info.type, [&]<class T>(std::type_identity<T>) {
    for (const double value : values) {
      if (is_value_of<T>(value)) continue;
      throw Error(ErrorKind::usage,
                  fmt::format("--missing-value {} is not a number of type {}, which {} holds, so "
                              "that nothing would be missing: name the value as it is stored",
                              value, name_of(info.type), to_string(info.address)));
    }
  });
}

}  // namespace hourglass
