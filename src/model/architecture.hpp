#pragma once

#include "model/autoencoder.hpp"

namespace hourglass {

/// `spec` with what it leaves to defaults filled in. Throws Error(usage) naming the settings that
/// do not fit together.
[[nodiscard]] AutoencoderSpec completed(AutoencoderSpec spec);

/// The layers of a completed spec, encoder first, and their tensors in `layout`.
[[nodiscard]] Architecture build_architecture(const AutoencoderSpec& spec, Layout& layout);

}  // namespace hourglass
