#pragma once

#include <algorithm>
#include <cmath>
#include <span>

#include "hourglass/core/types.hpp"
#include "nn/activation_kernels.hpp"
#include "nn/loss_terms.hpp"

/// Loss and gradient of one sample, for the kinds of losses of nn/loss.cpp.
namespace hourglass::loss_row {

// Features of a row processed at a time: the terms of the loss stay in the first-level cache.
constexpr Index block_features = 512;
// Feature c is added to lane c mod 16, in double, then the lanes from the first to the last. This
// order is part of the result and depends on the number of features alone.
constexpr Index lane_count = 16;

class LaneSum {
 public:
  // All blocks of a row but the last are multiples of the lanes, so a feature's lane does not
  // depend on the blocks.
  template <class Term>
  void add(Index count, Term term) {
    Index c = 0;
    for (; c + lane_count <= count; c += lane_count) {
      for (Index lane = 0; lane < lane_count; ++lane) lanes_[lane] += term(c + lane);
    }
    for (Index lane = 0; c + lane < count; ++lane) lanes_[lane] += term(c + lane);
  }
  [[nodiscard]] double total() const {
    double sum = 0;
    for (const double lane : lanes_) sum += lane;
    return sum;
  }

 private:
  alignas(64) double lanes_[lane_count] = {};
};

struct RowTerms {
  double loss;
  double squared_error;
};

// The squared difference of two floats in double is exact up to its last rounding.
inline void add_squared_error(const float* output, const float* target, Index count, LaneSum& sum) {
  sum.add(count, [&](Index c) {
    const double difference = static_cast<double>(output[c]) - static_cast<double>(target[c]);
    return difference * difference;
  });
}

// L = (s(z) - x)^2, dL/dz = 2 (s(z) - x) s'(z).
template <class Kernel>
RowTerms squared_error_row(float factor, const float* __restrict target, float* __restrict values,
                           float* __restrict gradient, Index count) {
  if (gradient == nullptr) {
    for (Index c = 0; c < count; ++c) values[c] = Kernel::value(values[c]);
  } else {
    const float twice = 2.0F * factor;
    for (Index c = 0; c < count; ++c) {
      const auto [value, slope] = kernel::value_and_slope<Kernel>(values[c]);
      values[c] = value;
      gradient[c] = twice * (value - target[c]) * slope;
    }
  }
  LaneSum squares;
  add_squared_error(values, target, count, squares);
  return {squares.total(), squares.total()};
}

// With x^ = sigmoid(z): L = max(z, 0) - z x + ln(1 + exp(-|z|)), dL/dz = x^ - x. No logarithm of a
// rounded x^, no overflow.
inline RowTerms cross_entropy_row(float factor, const float* __restrict target,
                                  float* __restrict values, float* __restrict gradient,
                                  Index count) {
  LaneSum losses;
  LaneSum squares;
  alignas(64) float terms[block_features];
  for (Index begin = 0; begin < count; begin += block_features) {
    const Index size = std::min(block_features, count - begin);
    const float* __restrict x = target + begin;
    float* __restrict z = values + begin;
    for (Index c = 0; c < size; ++c) {
      const float e = elementwise::exp(-std::fabs(z[c]));
      const float positive = z[c] > 0 ? z[c] : 0.0F;
      terms[c] = std::fma(-z[c], x[c], positive) + elementwise::log1p_unit(e);
      z[c] = (z[c] < 0 ? e : 1.0F) / (1.0F + e);
    }
    if (gradient != nullptr) {
      for (Index c = 0; c < size; ++c) gradient[begin + c] = factor * (z[c] - x[c]);
    }
    losses.add(size, [&](Index c) { return static_cast<double>(terms[c]); });
    add_squared_error(z, x, size, squares);
  }
  return {losses.total(), squares.total()};
}

// L = sum of w term(s(z), x), dL/dz = w term'(s(z), x) s'(z); `weights` may be null.
template <class Kernel, class Term>
RowTerms component_row(const Term& term, float factor, const float* __restrict target,
                       const float* __restrict weights, float* __restrict values,
                       float* __restrict gradient, Index count) {
  LaneSum losses;
  LaneSum squares;
  alignas(64) float terms[block_features];
  for (Index begin = 0; begin < count; begin += block_features) {
    const Index size = std::min(block_features, count - begin);
    const float* __restrict x = target + begin;
    float* __restrict z = values + begin;
    for (Index c = 0; c < size; ++c) {
      const auto [value, slope] = kernel::value_and_slope<Kernel>(z[c]);
      const auto [loss, loss_slope] = term(value, x[c]);
      const float weight = weights == nullptr ? 1.0F : weights[begin + c];
      z[c] = value;
      terms[c] = weight * loss;
      if (gradient != nullptr) gradient[begin + c] = factor * weight * loss_slope * slope;
    }
    losses.add(size, [&](Index c) { return static_cast<double>(terms[c]); });
    add_squared_error(z, x, size, squares);
  }
  return {losses.total(), squares.total()};
}

// Cross-entropy with weights: after the plain row every term and gradient is scaled.
inline RowTerms weighted_cross_entropy_row(float factor, const float* __restrict target,
                                           const float* __restrict weights,
                                           float* __restrict values, float* __restrict gradient,
                                           Index count) {
  LaneSum losses;
  LaneSum squares;
  alignas(64) float terms[block_features];
  for (Index begin = 0; begin < count; begin += block_features) {
    const Index size = std::min(block_features, count - begin);
    const float* __restrict x = target + begin;
    float* __restrict z = values + begin;
    for (Index c = 0; c < size; ++c) {
      const float e = elementwise::exp(-std::fabs(z[c]));
      const float positive = z[c] > 0 ? z[c] : 0.0F;
      terms[c] =
          weights[begin + c] * (std::fma(-z[c], x[c], positive) + elementwise::log1p_unit(e));
      z[c] = (z[c] < 0 ? e : 1.0F) / (1.0F + e);
      if (gradient != nullptr) gradient[begin + c] = factor * weights[begin + c] * (z[c] - x[c]);
    }
    losses.add(size, [&](Index c) { return static_cast<double>(terms[c]); });
    add_squared_error(z, x, size, squares);
  }
  return {losses.total(), squares.total()};
}

// distance(factor, weights, x, x^, gradient) is the loss of a sample; s'(z) is applied to its
// gradient. Where the slope follows from z only, which the value replaces, `slopes` keeps it.
template <class Kernel, class Distance>
RowTerms sample_row(const Distance& distance, float factor, const float* target,
                    const float* weights, float* values, float* gradient, float* slopes,
                    Index count) {
  const auto size = static_cast<std::size_t>(count);
  if (Kernel::saves && gradient != nullptr) {
    for (Index c = 0; c < count; ++c) {
      const auto [value, slope] = kernel::value_and_slope<Kernel>(values[c]);
      values[c] = value;
      slopes[c] = slope;
    }
  } else {
    for (Index c = 0; c < count; ++c) values[c] = Kernel::value(values[c]);
  }
  const double loss = distance(factor, weights, std::span<const float>{target, size},
                               std::span<const float>{values, size}, gradient);
  for (Index c = 0; gradient != nullptr && c < count; ++c) {
    if constexpr (Kernel::saves) {
      gradient[c] *= slopes[c];
    } else {
      gradient[c] *= Kernel::slope(values[c]);
    }
  }
  LaneSum squares;
  add_squared_error(values, target, count, squares);
  return {loss, squares.total()};
}

}  // namespace hourglass::loss_row
