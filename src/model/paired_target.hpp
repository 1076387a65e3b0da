#pragma once

#include "hourglass/core/matrix_view.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {

/// Samples whose target is not their input (AutoencoderSpec::target_features): a row is the
/// input's features, then the target's.

/// What the loss compares with the output: the last target_features columns, or the samples.
[[nodiscard]] ConstMatrix target_of(const AutoencoderSpec& spec, ConstMatrix samples);

/// The inputs: the samples, or their first `features` columns copied to `own` (rows x features), as
/// layers may rely on rows that lie together.
[[nodiscard]] ConstMatrix inputs_of(ConstMatrix samples, Index features, Matrix own);

/// Lets a mirrored decoder end with the target's width.
void set_output_width(AutoencoderSpec& spec);

/// Throws Error(usage) naming the setting that presumes that the input is the target.
void check_target(const AutoencoderSpec& spec);

}  // namespace hourglass
