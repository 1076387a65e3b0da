#pragma once

#include <span>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Neighbouring outputs that share an activation and a term of the mixed loss.
struct OutputGroup {
  enum class Kind {
    linear,   ///< numbers: x^ = z, (x^ - x)^2 each
    sigmoid,  ///< booleans: x^ = 1 / (1 + exp(-z)), binary cross-entropy each
    softmax,  ///< a category: x^ = exp(z_k) / sum of exp(z_j), cross-entropy -sum of x_k ln x^_k
  };
  Kind kind = Kind::linear;
  Range features;
  Index columns = 1;  ///< of the table: a category is one, whatever its features
  float weight = 1;
  bool operator==(const OutputGroup&) const = default;
};

/// The columns of all groups.
[[nodiscard]] Index column_count(std::span<const OutputGroup> groups);
/// Those that are there: `present` has a number for each feature, 0 where it is missing. A category
/// is there or missing as a whole.
[[nodiscard]] Index column_count(std::span<const OutputGroup> groups, const float* present);

/// Loss of one sample: the groups' terms, each times its weight. On entry `values` holds the logits
/// z, on return the reconstruction: numbers, and probabilities. `gradient`, if not null, receives
/// factor dL/dz. `weights`, if not null, has a factor w of every feature's term: of a category
/// L = sum of w_k x_k (ln sum of exp(z_j) - z_k) with the gradient (sum of w_j x_j) x^_k - w_k x_k,
/// so that a category without a 1, which stands for an unknown one, or with weights of 0 teaches
/// nothing. The largest logit is taken off before exp: no overflow, and no logarithm of a rounded
/// probability. The order of the sums depends on the groups alone.
[[nodiscard]] double mixed_loss(std::span<const OutputGroup> groups, float factor,
                                const float* target, const float* weights, float* values,
                                float* gradient);

/// The reconstruction alone.
void mixed_outputs(std::span<const OutputGroup> groups, float* values);

}  // namespace hourglass
