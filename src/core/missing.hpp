#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hourglass {

/// The treatment of elements of samples that are missing: NaN, or one of the values that stand for
/// missing ones.
enum class Missing {
  refuse,  ///< an error that names row and feature
  mask,    ///< left out of loss and gradient; the network is fed the feature's mean
  mean,    ///< replaced by the feature's mean, as input and as target
};

/// Names as in the configuration: "refuse", "mask", "mean".
[[nodiscard]] std::string_view name_of(Missing missing);
/// Throws Error(usage) that lists the names.
[[nodiscard]] Missing missing_from(std::string_view name);
[[nodiscard]] std::vector<std::string> missing_names();

}  // namespace hourglass
