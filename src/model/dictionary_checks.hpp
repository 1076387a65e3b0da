#pragma once

namespace hourglass {

struct AutoencoderSpec;

/// Whether the auxiliary loss of dead units can be had: of top_k and batch_top_k with one layer on
/// each side, linear outputs and the squared error of whole samples.
[[nodiscard]] bool takes_auxiliary_loss(const AutoencoderSpec& spec);

/// Throws Error(usage) naming the settings of a dictionary that do not fit the network. The spec's
/// layers are valid.
void check_dictionary(const AutoencoderSpec& spec);

}  // namespace hourglass
