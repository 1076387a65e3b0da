#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Where the pre-bias b of x^ = r(f(x - b)) + b begins, before it is trained like any other bias.
enum class PreBias {
  none,              ///< there is none: x^ = r(f(x))
  mean,              ///< the mean of the samples
  geometric_median,  ///< the point of least mean distance from the samples, which outliers move
                     ///< less
};

/// "none", "mean", "geometric-median".
[[nodiscard]] std::string_view name_of(PreBias pre_bias);
/// Throws Error(usage) that lists the names.
[[nodiscard]] PreBias pre_bias_from(std::string_view name);
[[nodiscard]] std::vector<std::string> pre_bias_names();

/// How a dictionary, the decoder's first layer with an atom (column) for each unit of the code, is
/// started and constrained: plain data, all of it off by default.
struct DictionarySpec {
  PreBias pre_bias = PreBias::none;
  /// Atoms have norm 1 after every update, and their gradient no part along them: otherwise large
  /// atoms make small codes, which a penalty on codes would favour.
  bool unit_norm = false;
  bool tied_start = false;  ///< the encoder's last weight begins as the dictionary, transposed
};

}  // namespace hourglass
