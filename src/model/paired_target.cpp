#include "model/paired_target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hourglass/core/error.hpp"

namespace hourglass {

ConstMatrix target_of(const AutoencoderSpec& spec, ConstMatrix samples) {
  const Index width = spec.target_features;
  if (width == 0) return samples;
  require(samples.columns > width, "samples without their targets are compared");
  return {samples.data + (samples.columns - width), samples.rows, width, samples.stride};
}

ConstMatrix inputs_of(ConstMatrix samples, Index features, Matrix own) {
  if (samples.columns == features) return samples;
  for (Index r = 0; r < own.rows; ++r)
    std::copy_n(samples.row(r).begin(), features, own.row(r).begin());
  return own;
}

void set_output_width(AutoencoderSpec& spec) {
  if (spec.target_features == 0 || spec.decoder.size() < 2) return;
  LayerSpec& last = spec.decoder.back();
  if (last.kind == LayerSpec::Kind::dense && last.units != spec.target_features)
    last = LayerSpec(spec.target_features);
}

void check_target(const AutoencoderSpec& spec) {
  if (spec.target_features == 0) return;
  const Regularization& r = spec.regularization;
  for (const auto& [name, used] : {std::pair{"missing", spec.missing != Missing::refuse},
                                   {"counts", spec.counts != Counts::none},
                                   {"loss nb or zinb", logits_per_feature(spec.loss) > 1},
                                   {"loss mixed", !spec.groups.empty()},
                                   {"feature-weights", !spec.feature_weights.empty()},
                                   {"corrupted-weight or --clean-weight", has_emphasis(r)},
                                   {"predictive", r.predictive},
                                   {"variational", r.variational}}) {
    if (used) {
      throw Error(ErrorKind::usage,
                  fmt::format("--target cannot be combined with --{}, which takes the input for "
                              "the target: leave out one of them",
                              name));
    }
  }
  if (spec.loss == Loss::ssim && spec.image.size() != spec.target_features) {
    throw Error(
        ErrorKind::usage,
        fmt::format("--loss ssim needs targets of the shape of the inputs, but --target has "
                    "{} features: use --loss mse",
                    spec.target_features));
  }
}

}  // namespace hourglass
