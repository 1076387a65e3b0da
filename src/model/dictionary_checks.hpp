#pragma once

namespace hourglass {

struct AutoencoderSpec;

/// Throws Error(usage) naming the settings of a dictionary that do not fit the network. The spec's
/// layers are valid.
void check_dictionary(const AutoencoderSpec& spec);

}  // namespace hourglass
