#include "nn/condition_bias.hpp"

#include <algorithm>

namespace hourglass {

ConditionBias::ConditionBias(Layout& layout, const std::string& name, Index width, Index conditions,
                             Index categories)
    : width_(width),
      conditions_(conditions),
      categories_(categories),
      slot_(layout.add(name + "/condition", {categories, width})),
      offset_(layout.tensor(slot_).offset) {}

std::vector<TensorRole> ConditionBias::roles() const {
  TensorRole role{slot_, true, categories_, width_};
  role.constant = 0.0F;
  return {role};
}

std::span<const std::int32_t> ConditionBias::categories_of(const PassContext& context,
                                                           Index row) const {
  if (context.conditions.empty()) return {};
  const auto r = static_cast<std::size_t>(row);
  const auto id = context.sample_ids.empty() ? r : static_cast<std::size_t>(context.sample_ids[r]);
  const auto count = static_cast<std::size_t>(conditions_);
  // Rows that only fill a micro-batch up come without.
  if (id * count >= context.conditions.size()) return {};
  return context.conditions.subspan(id * count, count);
}

void ConditionBias::forward(const float* parameters, ConstMatrix x, Matrix y,
                            std::span<float> /*scratch*/, const PassContext& context) const {
  for (Index r = 0; r < x.rows; ++r) {
    const auto out = y.row(r);
    std::ranges::copy(x.row(r), out.begin());
    for (const std::int32_t category : categories_of(context, r)) {
      if (category < 0) continue;
      const float* const bias = parameters + offset_ + category * width_;
      for (Index c = 0; c < width_; ++c) out[static_cast<std::size_t>(c)] += bias[c];
    }
  }
}

void ConditionBias::backward(const float* /*parameters*/, ConstMatrix /*x*/, ConstMatrix /*y*/,
                             Matrix dy, Matrix dx, float* gradient, std::span<float> /*scratch*/,
                             const PassContext& context) const {
  std::fill_n(gradient + offset_, categories_ * width_, 0.0F);
  for (Index r = 0; r < dy.rows; ++r) {
    const auto from = dy.row(r);
    for (const std::int32_t category : categories_of(context, r)) {
      if (category < 0) continue;
      float* const to = gradient + offset_ + category * width_;
      for (Index c = 0; c < width_; ++c) to[c] += from[static_cast<std::size_t>(c)];
    }
    if (!dx.empty()) std::ranges::copy(from, dx.row(r).begin());
  }
}

}  // namespace hourglass
