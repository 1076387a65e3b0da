#pragma once

#include <span>

#include "hourglass/core/matrix_view.hpp"
#include "model/regularization.hpp"

namespace hourglass {

/// Whether corrupted and clean components have weights of their own in the loss.
[[nodiscard]] bool has_emphasis(const Regularization& regularization);

/// The product of the weights of an element: the corrupted weight where `mask` (rows x D) is 1 and
/// the clean one where it is 0, the feature's (`features` has D numbers), and 0 where it is missing
/// (`present` is 0). What is empty counts as 1. Written to `weights`, which may be the mask.
/// Returns them, or an empty matrix where LossOptions says the same with less.
[[nodiscard]] ConstMatrix element_weights(const Regularization& regularization, ConstMatrix mask,
                                          ConstMatrix present, std::span<const float> features,
                                          Matrix weights);

}  // namespace hourglass
