#include "nn/gene_dispersion.hpp"

#include <algorithm>

#include "hourglass/core/error.hpp"

namespace hourglass {

GeneDispersion::GeneDispersion(Layout& layout, const std::string& name, Index features,
                               Index outputs)
    : features_(features),
      outputs_(outputs),
      slot_(layout.add(name, {features})),
      offset_(layout.tensor(slot_).offset) {
  require(outputs == 2 * features || outputs == 3 * features,
          "dispersions of a network without means");
}

std::vector<TensorRole> GeneDispersion::roles() const {
  TensorRole role{slot_, true, features_, features_};
  role.constant = 0.0F;
  return {role};
}

void GeneDispersion::forward(const float* parameters, ConstMatrix x, Matrix y,
                             std::span<float> /*scratch*/, const PassContext& /*context*/) const {
  for (Index r = 0; r < x.rows; ++r) {
    const float* const from = x.data + r * x.stride;
    float* const to = y.data + r * y.stride;
    std::copy_n(from, features_, to);
    std::copy_n(parameters + offset_, features_, to + features_);
    std::copy_n(from + features_, outputs_ - 2 * features_, to + 2 * features_);
  }
}

void GeneDispersion::backward(const float* /*parameters*/, ConstMatrix /*x*/, ConstMatrix /*y*/,
                              Matrix dy, Matrix dx, float* gradient, std::span<float> /*scratch*/,
                              const PassContext& /*context*/) const {
  float* const sums = gradient + offset_;
  std::fill_n(sums, features_, 0.0F);
  for (Index r = 0; r < dy.rows; ++r) {
    const float* const from = dy.data + r * dy.stride;
    for (Index c = 0; c < features_; ++c) sums[c] += from[features_ + c];
    if (dx.empty()) continue;
    float* const to = dx.data + r * dx.stride;
    std::copy_n(from, features_, to);
    std::copy_n(from + 2 * features_, outputs_ - 2 * features_, to + features_);
  }
}

}  // namespace hourglass
