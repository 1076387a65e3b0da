#pragma once

#include "model/autoencoder.hpp"

namespace hourglass {

/// check_spec() of sparse codes. Throws Error(usage) naming the settings.
void check_sparse_codes(const AutoencoderSpec& spec);

}  // namespace hourglass
