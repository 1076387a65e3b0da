#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "math/elementwise.hpp"

// One struct per component-wise loss, inlined into the loop over a row: its term and the term's
// derivative by the output.
namespace hourglass::loss_term {

struct ValueAndSlope {
  float value;
  float slope;
};

/// ln x for normal x > 0.
inline float log(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const auto exponent = static_cast<std::int32_t>(bits >> 23) - 127;
  const float mantissa = std::bit_cast<float>((bits & 0x007fffffU) | 0x3f800000U);
  return std::fma(static_cast<float>(exponent), 0.693147181F,
                  elementwise::log1p_unit(mantissa - 1.0F));
}

struct Squared {
  ValueAndSlope operator()(float output, float target) const {
    const float error = output - target;
    return {error * error, 2.0F * error};
  }
};

struct Absolute {
  ValueAndSlope operator()(float output, float target) const {
    const float error = output - target;
    return {std::fabs(error),
            error > 0 ? 1.0F : (error < 0 ? -1.0F : error)};  // 0, or a NaN that must propagate
  }
};

struct Huber {
  float delta;
  ValueAndSlope operator()(float output, float target) const {
    const float error = output - target;
    const float size = std::fabs(error);
    const bool near = size <= delta;
    return {near ? 0.5F * error * error : delta * (size - 0.5F * delta),
            size > delta ? std::copysign(delta, error) : error};
  }
};

/// ln cosh e = |e| + ln(1 + exp(-2 |e|)) - ln 2: no overflow.
struct LogCosh {
  ValueAndSlope operator()(float output, float target) const {
    const float error = output - target;
    const float size = std::fabs(error);
    return {size + elementwise::log1p_unit(elementwise::exp(-2.0F * size)) - 0.693147181F,
            elementwise::tanh(error)};
  }
};

/// epsilon keeps the logarithm finite where an output has underflowed.
struct Poisson {
  static constexpr float epsilon = 1e-8F;
  ValueAndSlope operator()(float output, float target) const {
    const float rate = output + epsilon;
    return {output - target * loss_term::log(rate), 1.0F - target / rate};
  }
};

}  // namespace hourglass::loss_term
