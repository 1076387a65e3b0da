#include "model/element_weights.hpp"

namespace hourglass {

bool has_emphasis(const Regularization& regularization) {
  return regularization.corrupted_weight != 1 || regularization.clean_weight != 1;
}

ConstMatrix element_weights(const Regularization& regularization, ConstMatrix mask,
                            ConstMatrix present, std::span<const float> features, Matrix weights) {
  if (mask.empty() && (present.empty() || features.empty())) return {};
  const auto alpha = static_cast<float>(regularization.corrupted_weight);
  const auto beta = static_cast<float>(regularization.clean_weight);
  for (Index r = 0; r < weights.rows; ++r) {
    for (Index c = 0; c < weights.columns; ++c)
      weights(r, c) = mask.empty() ? 1.0F : (mask(r, c) != 0 ? alpha : beta);
    for (Index c = 0; c < weights.columns && !features.empty(); ++c)
      weights(r, c) *= features[static_cast<std::size_t>(c)];
    for (Index c = 0; c < weights.columns && !present.empty(); ++c) weights(r, c) *= present(r, c);
  }
  return weights;
}

}  // namespace hourglass
