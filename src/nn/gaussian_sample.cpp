#include "nn/gaussian_sample.hpp"

#include <algorithm>

#include "core/random.hpp"
#include "hourglass/core/error.hpp"
#include "math/elementwise.hpp"

namespace hourglass {

void GaussianSample::forward(const float* /*parameters*/, ConstMatrix x, Matrix y,
                             std::span<float> scratch, const PassContext& context) const {
  const CounterRandom random(context.seed, Purpose::sampling);
  require(!context.training || static_cast<Index>(context.sample_ids.size()) >= x.rows,
          "sampling for samples without ids");
  for (Index r = 0; r < x.rows; ++r) {
    const float* mean = x.row(r).data();
    const float* log_variance = mean + width_;
    float* out = y.row(r).data();
    std::copy_n(mean, width_, out);
    if (!context.training) continue;
    float* half = scratch.data() + r * width_;
    const std::uint64_t id = context.sample_ids[static_cast<std::size_t>(r)];
    for (Index begin = 0; begin < width_; begin += 4) {
      const auto words = random.bits(id, context.epoch, static_cast<std::uint32_t>(begin / 4));
      const auto [a, b] = normal_pair(words[0], words[1]);
      const auto [c, d] = normal_pair(words[2], words[3]);
      const std::array<float, 4> normal = {a, b, c, d};
      for (Index i = 0; i < std::min<Index>(4, width_ - begin); ++i) {
        half[begin + i] = 0.5F *
                          elementwise::exp(0.5F * bounded_log_variance(log_variance[begin + i])) *
                          normal[static_cast<std::size_t>(i)];
        out[begin + i] += 2.0F * half[begin + i];
      }
    }
  }
}

void GaussianSample::backward(const float* /*parameters*/, ConstMatrix x, ConstMatrix /*y*/,
                              Matrix dy, Matrix dx, float* /*gradient*/, std::span<float> scratch,
                              const PassContext& context) const {
  if (dx.empty()) return;
  for (Index r = 0; r < dy.rows; ++r) {
    const float* half = scratch.data() + r * width_;
    const float* from = dy.row(r).data();
    float* to = dx.row(r).data();
    std::copy_n(from, width_, to);
    const float* log_variance = x.row(r).data() + width_;
    for (Index c = 0; c < width_; ++c) {
      const bool moves = context.training && is_bounded_log_variance(log_variance[c]);
      to[width_ + c] = moves ? from[c] * half[c] : 0.0F;
    }
  }
}

}  // namespace hourglass
