#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hourglass/core/matrix_view.hpp"
#include "nn/image_shape.hpp"
#include "nn/layer.hpp"

namespace hourglass {

/// The corruption of a denoising autoencoder's input (Vincent et al. 2008, 2010), of strength s.
enum class Corruption {
  none,
  gaussian,     ///< x + N(0, s^2)
  masking,      ///< every component becomes 0 with probability s
  salt_pepper,  ///< every component becomes 0 or 1, by a fair coin, with probability s
  /// A random rectangle of the image, of about s of its area and an aspect ratio between 1/2 and 2,
  /// becomes 0.
  block,
  /// Whole rows of the image, or whole columns (a fair coin per sample), become 0 with probability
  /// s each.
  stripes,
};

[[nodiscard]] std::string_view name_of(Corruption corruption);
/// Throws Error(usage) that lists the names.
[[nodiscard]] Corruption corruption_from(std::string_view name);
[[nodiscard]] std::vector<std::string> corruption_names();
/// Whether it depends on the image's shape.
[[nodiscard]] bool is_structured(Corruption corruption);

struct CorruptionSpec {
  Corruption kind = Corruption::none;
  double strength = 0.3;
};

/// Throws Error(usage) for a strength out of range (a standard deviation >= 0; a probability or
/// share in [0, 1]).
void check_corruption(const CorruptionSpec& spec);

/// Writes the corrupted copy of `clean` (rows x D). Every random number is a function of
/// (context.seed, epoch, sample id, element) alone. `mask` (rows x D, or empty) receives 1 where a
/// component was picked for corruption and 0 elsewhere (gaussian: 1 throughout).
void corrupt(const CorruptionSpec& spec, const ImageShape& image, const PassContext& context,
             ConstMatrix clean, Matrix corrupted, Matrix mask);

}  // namespace hourglass
