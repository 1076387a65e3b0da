#include "nn/top_k.hpp"

#include <algorithm>
#include <functional>

namespace hourglass {

void TopK::forward(const float* /*parameters*/, ConstMatrix x, Matrix y, std::span<float> scratch,
                   const PassContext& context) const {
  const Index k = std::min(width_, context.training ? training_k_ : k_);
  for (Index r = 0; r < x.rows; ++r) {
    const auto values = x.row(r);
    const auto support =
        scratch.subspan(static_cast<std::size_t>(r * width_), static_cast<std::size_t>(width_));
    float threshold = 0;
    Index ties = 0;  // units equal to the threshold that are kept
    if (k > 0) {
      std::ranges::copy(values, support.begin());
      std::nth_element(support.begin(), support.begin() + (k - 1), support.end(), std::greater<>());
      threshold = support[static_cast<std::size_t>(k - 1)];
      ties = k - std::ranges::count_if(values, [&](float value) { return value > threshold; });
    }
    float* out = y.row(r).data();
    for (Index c = 0; c < width_; ++c) {
      const float value = values[static_cast<std::size_t>(c)];
      const bool kept = k > 0 && (value > threshold || (value == threshold && ties-- > 0));
      support[static_cast<std::size_t>(c)] = kept ? 1.0F : 0.0F;
      // A NaN compares to nothing: it propagates, so that it is noticed.
      out[c] = kept || value != value ? value : 0.0F;
    }
  }
}

void TopK::backward(const float* /*parameters*/, ConstMatrix /*x*/, ConstMatrix /*y*/, Matrix dy,
                    Matrix dx, float* /*gradient*/, std::span<float> scratch,
                    const PassContext& /*context*/) const {
  if (dx.empty()) return;
  for (Index r = 0; r < dy.rows; ++r) {
    for (Index c = 0; c < width_; ++c)
      dx(r, c) = dy(r, c) * scratch[static_cast<std::size_t>(r * width_ + c)];
  }
}

}  // namespace hourglass
