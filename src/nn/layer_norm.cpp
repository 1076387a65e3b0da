#include "nn/layer_norm.hpp"

#include <algorithm>
#include <cmath>

namespace hourglass {

namespace {

// Adds element c to lane c mod 16, then the lanes from the first to the last: a loop that
// vectorises and whose order depends on the width alone.
template <class Term>
double lane_sum(Index count, Term term) {
  constexpr Index lanes = 16;
  double sums[lanes] = {};
  Index c = 0;
  for (; c + lanes <= count; c += lanes) {
    for (Index lane = 0; lane < lanes; ++lane) sums[lane] += static_cast<double>(term(c + lane));
  }
  for (Index lane = 0; c + lane < count; ++lane) sums[lane] += static_cast<double>(term(c + lane));
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

}  // namespace

LayerNorm::LayerNorm(Layout& layout, const std::string& name, Index width, Index gains)
    : width_(width),
      gains_(gains),
      gain_(layout.add(name + "/gain", {gains})),
      shift_(layout.add(name + "/shift", {gains})),
      gain_offset_(layout.tensor(gain_).offset),
      shift_offset_(layout.tensor(shift_).offset) {}

std::vector<TensorRole> LayerNorm::roles() const {
  TensorRole gain{gain_, true, gains_, gains_};
  gain.constant = 1.0F;
  TensorRole shift{shift_, true, gains_, gains_};
  shift.constant = 0.0F;
  return {gain, shift};
}

void LayerNorm::forward(const float* parameters, ConstMatrix x, Matrix y, std::span<float> scratch,
                        const PassContext& /*context*/) const {
  const float* gain = parameters + gain_offset_;
  const float* shift = parameters + shift_offset_;
  const auto n = static_cast<double>(width_);
  for (Index r = 0; r < x.rows; ++r) {
    const float* row = x.row(r).data();
    float* out = y.row(r).data();
    float* unit = scratch.data() + r * (width_ + 1);
    const auto mean = static_cast<float>(lane_sum(width_, [&](Index c) { return row[c]; }) / n);
    const double variance =
        lane_sum(width_, [&](Index c) { return (row[c] - mean) * (row[c] - mean); }) / n;
    const auto inverse =
        static_cast<float>(1.0 / std::sqrt(variance + static_cast<double>(epsilon)));
    for (Index begin = 0; begin < width_; begin += gains_) {
      for (Index c = 0; c < gains_; ++c) {
        unit[begin + c] = (row[begin + c] - mean) * inverse;
        out[begin + c] = gain[c] * unit[begin + c] + shift[c];
      }
    }
    unit[width_] = inverse;
  }
}

void LayerNorm::backward(const float* parameters, ConstMatrix /*x*/, ConstMatrix /*y*/, Matrix dy,
                         Matrix dx, float* gradient, std::span<float> scratch,
                         const PassContext& /*context*/) const {
  const float* gain = parameters + gain_offset_;
  float* gain_gradient = gradient + gain_offset_;
  float* shift_gradient = gradient + shift_offset_;
  std::fill_n(gain_gradient, gains_, 0.0F);
  std::fill_n(shift_gradient, gains_, 0.0F);
  const auto n = static_cast<double>(width_);
  for (Index r = 0; r < dy.rows; ++r) {
    float* from = dy.row(r).data();
    const float* unit = scratch.data() + r * (width_ + 1);
    for (Index begin = 0; begin < width_; begin += gains_) {
      for (Index c = 0; c < gains_; ++c) {
        gain_gradient[c] += from[begin + c] * unit[begin + c];
        shift_gradient[c] += from[begin + c];
        from[begin + c] *= gain[c];
      }
    }
    if (dx.empty()) continue;
    const auto mean = static_cast<float>(lane_sum(width_, [&](Index c) { return from[c]; }) / n);
    const auto along =
        static_cast<float>(lane_sum(width_, [&](Index c) { return from[c] * unit[c]; }) / n);
    const float inverse = unit[width_];
    float* to = dx.row(r).data();
    for (Index c = 0; c < width_; ++c) to[c] = inverse * (from[c] - mean - unit[c] * along);
  }
}

}  // namespace hourglass
