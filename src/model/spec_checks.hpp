#pragma once

#include "model/autoencoder.hpp"

namespace hourglass {

/// Throws Error(usage), naming the settings, when parts of a spec are out of range or make no sense
/// together.
void check_spec(const AutoencoderSpec& spec);

}  // namespace hourglass
