#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "math/elementwise.hpp"

/// Logarithms for the likelihoods of counts, written like those of math/elementwise.hpp:
/// straight-line code to be inlined into vector loops, with the same bits in a vector and in a
/// loop's tail. A NaN gives a NaN.
namespace hourglass::elementwise {

/// ln(1 + t) for t >= 0, also far above 1. Within 2 ulp.
[[gnu::always_inline]] inline float log1p(float t) {
  // Above 1: 1 + t = 2^n (1 + f) with f in [0, 1); the rounding of 1 + t is small beside ln 2.
  const bool large = t > 1.0F;
  const auto bits = std::bit_cast<std::uint32_t>(1.0F + t);
  const float n = large ? static_cast<float>(static_cast<std::int32_t>(bits >> 23) - 127) : 0.0F;
  const float f = large ? std::bit_cast<float>((bits & 0x007fffffU) | 0x3f800000U) - 1.0F : t;
  // An infinity or a NaN leaves a NaN.
  return std::fma(n, 0.693147181F, log1p_unit(f)) + (t - t);
}

/// ln x for normal x > 0, in double. Within 2 ulp.
[[gnu::always_inline]] inline double log(double x) {
  // x = 2^n (1 + f) with 1 + f in [sqrt(1/2), sqrt 2). The exponent is counted from 1024, so that
  // its bits, put into the mantissa of 2^52, are a double without a conversion.
  constexpr std::uint64_t root_half = 0x3FE6A09E667F3BCDU;
  constexpr std::uint64_t bias = std::uint64_t{1024} << 52;
  const auto bits = std::bit_cast<std::uint64_t>(x);
  const std::uint64_t exponent = (bits - root_half + bias) >> 52;
  const double n = std::bit_cast<double>(exponent | 0x4330000000000000U) - 4503599627371520.0;
  const double f = std::bit_cast<double>(bits - (exponent << 52) + bias) - 1.0;
  // ln(1 + f) = 2 artanh(s), s = f / (2 + f), |s| < 0.1716.
  const double s = f / (2.0 + f);
  const double square = s * s;
  double p = 2.0 / 19.0;
  p = std::fma(p, square, 2.0 / 17.0);
  p = std::fma(p, square, 2.0 / 15.0);
  p = std::fma(p, square, 2.0 / 13.0);
  p = std::fma(p, square, 2.0 / 11.0);
  p = std::fma(p, square, 2.0 / 9.0);
  p = std::fma(p, square, 2.0 / 7.0);
  p = std::fma(p, square, 2.0 / 5.0);
  p = std::fma(p, square, 2.0 / 3.0);
  const double logarithm = std::fma(p * square, s, 2.0 * s);
  return std::fma(n, 0.69314718055994530942, logarithm) + (x - x);
}

/// ln Gamma(a) and its derivative, the digamma function.
struct LogGamma {
  double value;
  double slope;
};
/// For 1e-30 <= a <= 1e30. Stirling's series at b = a + 8, where its terms fall fast, and
///   Gamma(a) = Gamma(b) / P(a), P(a) = a (a + 1) ... (a + 7).
/// Absolute error of both: 1e-12, or 1e-15 of the larger of ln Gamma(b) and ln P(a).
[[gnu::always_inline]] inline LogGamma log_gamma(double a) {
  // The product and its derivative, factor by factor.
  double product = a;
  double derivative = 1.0;
  for (int i = 1; i < 8; ++i) {
    const double factor = a + static_cast<double>(i);
    derivative = std::fma(derivative, factor, product);
    product *= factor;
  }
  const double b = a + 8.0;
  const double logarithm = elementwise::log(b);
  const double inverse = 1.0 / b;
  const double square = inverse * inverse;
  // Bernoulli numbers B_2k / (2 k (2 k - 1)) of the series, and B_2k / (2 k) of its derivative.
  double series = 1.0 / 1188.0;
  series = std::fma(series, square, -1.0 / 1680.0);
  series = std::fma(series, square, 1.0 / 1260.0);
  series = std::fma(series, square, -1.0 / 360.0);
  series = std::fma(series, square, 1.0 / 12.0);
  double slope = 1.0 / 132.0;
  slope = std::fma(slope, square, -1.0 / 240.0);
  slope = std::fma(slope, square, 1.0 / 252.0);
  slope = std::fma(slope, square, -1.0 / 120.0);
  slope = std::fma(slope, square, 1.0 / 12.0);
  constexpr double half_log_two_pi = 0.91893853320467274178;
  const double stirling =
      std::fma(b - 0.5, logarithm, -b) + std::fma(series, inverse, half_log_two_pi);
  return {stirling - elementwise::log(product),
          logarithm - 0.5 * inverse - slope * square - derivative / product};
}

}  // namespace hourglass::elementwise
