#pragma once

#include "model/autoencoder.hpp"

namespace hourglass {

/// `spec` with its defaults filled in. Throws Error(usage) naming the settings that do not fit
/// together.
[[nodiscard]] AutoencoderSpec with_defaults(AutoencoderSpec spec);

/// The layers of a spec without open defaults, encoder first, and their tensors in `layout`.
[[nodiscard]] Architecture build_architecture(const AutoencoderSpec& spec, Layout& layout);

/// MissingInput's: further channels of an image, or inputs behind the sample.
[[nodiscard]] Index indicator_group(const AutoencoderSpec& spec);
/// The setting (without "--") for which the first layer needs all inputs; "": it takes sparse rows.
[[nodiscard]] std::string sparse_input_obstacle(const AutoencoderSpec& spec);
[[nodiscard]] SampleInput sample_input_of(const AutoencoderSpec& spec);

/// Floating-point operations of the GEMMs of a training step, per sample.
[[nodiscard]] double training_flops(const Network& network);

/// Counts: the size factors that the means of a pass are multiplied by, after its forward pass:
/// those `observed` or those of the latent library.
[[nodiscard]] std::span<const float> size_factors(const Architecture& architecture,
                                                  std::span<const float> observed,
                                                  Workspace& workspace, Index rows);
/// Where the loss puts its gradient with respect to the logarithms of these; empty where they are
/// observed.
[[nodiscard]] std::span<float> size_gradient(const Architecture& architecture, Workspace& workspace,
                                             Index rows);

}  // namespace hourglass
