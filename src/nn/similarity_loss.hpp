#pragma once

#include <span>

#include "nn/image_shape.hpp"

namespace hourglass {

// Losses that compare whole samples. Each returns its value for one sample and, unless `gradient`
// is null, writes factor * d(value)/d(output). `weights`, unless null, has one number per feature.

/// 1 - x . y / (|x| |y|), with weighted products; 1, with gradient 0, when either norm is 0.
double cosine_distance(float factor, const float* weights, std::span<const float> target,
                       std::span<const float> output, float* gradient);

/// 1 - the mean over all 7 x 7 windows of every channel of
///   (2 mx my + C1)(2 cov + C2) / ((mx^2 + my^2 + C1)(vx + vy + C2))
/// with C1 = 0.01^2 and C2 = 0.03^2 for a peak of 1 and moments divided by 49 (Wang et al. 2004,
/// uniform windows). An image smaller than a window is one window. With weights, a window counts by
/// the sum of its pixels' weights.
double structural_dissimilarity(float factor, const ImageShape& image, const float* weights,
                                std::span<const float> target, std::span<const float> output,
                                float* gradient);

}  // namespace hourglass
