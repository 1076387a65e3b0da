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
  /// Auxiliary loss of dead units (model/dictionary_pass.hpp): how many of them reconstruct what
  /// the code leaves, and its weight. A model's spec has the number; automatic_aux_k stands for
  /// half of the features where the loss can be had (with top_k and batch_top_k), else 0.
  Index aux_k = automatic_aux_k;
  double aux_weight = 1.0 / 32;
  /// Units of the prefixes of the code that each reconstruct the samples alone, ascending; the
  /// whole code is one more. Empty: only that.
  std::vector<Index> matryoshka;

  static constexpr Index automatic_aux_k = -1;
};

}  // namespace hourglass
