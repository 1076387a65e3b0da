#pragma once

#include "model/autoencoder.hpp"

namespace hourglass {

/// The samples of a network as a grid: what its first layer takes if that is a convolution, else
/// what its last one gives if that is, else the image that the specification names; unknown without
/// any of these. Throws Error(usage) as unit_shapes does.
[[nodiscard]] ImageShape grid_of(const AutoencoderSpec& spec);

/// Whether the places of a sample's numbers matter to the training: it has convolutions at either
/// end, or a loss or corruption of images.
[[nodiscard]] bool depends_on_grid(const AutoencoderSpec& spec);

}  // namespace hourglass
