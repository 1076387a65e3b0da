#pragma once

#include <string>
#include <string_view>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Which units of a sparse code are active. All are functions of the pre-activations z.
enum class Selection {
  none,         ///< codes are dense
  top_k,        ///< the k largest of relu(z) of each sample (Makhzani & Frey 2013, Gao et al. 2024)
  batch_top_k,  ///< the k B largest of relu(z) of a global batch of B samples (Bussmann et al.
                ///< 2024)
  jump_relu,    ///< z where z > theta_j, theta_j > 0 learned (Rajamanoharan et al. 2024b)
  relu,         ///< relu(z), sparse by an L1 penalty (Bricken et al. 2023)
  gated,        ///< relu(m) where a gate z > 0, m = exp(r_j) z' (Rajamanoharan et al. 2024a)
};

/// A selection and its numbers: plain data.
struct SelectionSpec {
  Selection kind = Selection::none;
  Index k = 0;               ///< top_k, batch_top_k: active units per sample, on average
  double threshold = 0.001;  ///< jump_relu: theta_j before the first update
  /// jump_relu: width of the rectangle around theta_j in which it has a gradient.
  double bandwidth = 0.001;

  friend bool operator==(const SelectionSpec&, const SelectionSpec&) = default;
};

/// "none", "topk:32", "batch-topk:32", "jumprelu:0.001", "l1", "gated".
[[nodiscard]] std::string to_string(const SelectionSpec& spec);
/// The same, and "jumprelu" with the usual threshold. Throws Error(usage).
[[nodiscard]] SelectionSpec selection_from(std::string_view text);

}  // namespace hourglass
