#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "data/normalization.hpp"

namespace hourglass {

/// What numbers are told in.
enum class Units {
  network,  ///< as the network takes them: normalised
  data,     ///< as the data set stores them
};
/// "network", "data". Throws Error(usage) that lists them.
[[nodiscard]] Units units_from(std::string_view name);

/// How much of the data one unit of the network is, for feature c: divisor * deviation[c].
[[nodiscard]] double original_unit(const InputTransform& transform, std::size_t feature);
/// Of each of so many features.
[[nodiscard]] std::vector<double> original_units(const InputTransform& transform, Index features);
/// (x * deviation[c] + mean[c]) * divisor: what normalisation makes x.
[[nodiscard]] double original_value(const InputTransform& transform, std::size_t feature, float x);
/// A whole row.
void original_row(const InputTransform& transform, std::span<const float> row,
                  std::span<double> original);

/// Whether single precision does not hold every value of this type.
[[nodiscard]] bool needs_double(ElementType type);

}  // namespace hourglass
