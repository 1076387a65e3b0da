#pragma once

#include "model/autoencoder.hpp"

namespace hourglass {

/// `spec` with its defaults filled in. Throws Error(usage) naming the settings that do not fit
/// together.
[[nodiscard]] AutoencoderSpec with_defaults(AutoencoderSpec spec);

/// The layers of a spec without open defaults, encoder first, and their tensors in `layout`.
[[nodiscard]] Architecture build_architecture(const AutoencoderSpec& spec, Layout& layout);

}  // namespace hourglass
