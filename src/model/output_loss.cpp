#include "model/output_loss.hpp"

namespace hourglass {

LossOptions loss_options(const AutoencoderSpec& spec, ConstMatrix weights, ConstMatrix present,
                         std::span<float> scratch) {
  LossOptions options;
  options.weights = weights;
  options.present = present;
  options.scratch = scratch;
  if (weights.empty() && !spec.feature_weights.empty()) {
    // One row for all samples.
    options.weights = {spec.feature_weights.data(), 1,
                       static_cast<Index>(spec.feature_weights.size()), 0};
  }
  options.huber_delta = spec.huber_delta;
  options.image = spec.image;
  options.groups = spec.groups;
  return options;
}

ConstMatrix make_outputs(const AutoencoderSpec& spec, std::span<const float> sizes, Matrix logits) {
  if (distribution_of(spec.loss, spec.output_activation)) {
    const Index features = logits.columns / logits_per_feature(spec.loss);
    for (Index r = 0; r < logits.rows; ++r) {
      count_means(sizes.empty() ? 1.0F : sizes[static_cast<std::size_t>(r)],
                  logits.data + r * logits.stride, features);
    }
    return {logits.data, logits.rows, features, logits.stride};
  }
  activation_forward(spec.output_activation, {}, logits, {});
  for (Index r = 0; spec.loss == Loss::mixed && r < logits.rows; ++r)
    mixed_outputs(spec.groups, logits.data + r * logits.stride);
  return logits;
}

}  // namespace hourglass
