#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

/// Elementary functions in single precision, written to be inlined into vector loops. Each is
/// straight-line code of correctly rounded operations (add, multiply, divide, std::fma), so an
/// element has the same bits whether the compiler puts it into a vector of any width or into the
/// loop's tail. A NaN gives a NaN. Errors, in units in the last place, are measured in
/// tests/math/elementwise_test.cpp over every exponent.
namespace hourglass::elementwise {

namespace detail {

/// 2^n for n in [-126, 127], by its bit pattern.
[[gnu::always_inline]] inline float power_of_two(std::int32_t n) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(n + 127) << 23);
}

/// x = n ln 2 + r with |r| <= ln(2) / 2 (Cody & Waite 1980), for |x| < 2^15; n is meaningless for a
/// NaN.
struct Reduced {
  std::int32_t n;
  float r;
};
[[gnu::always_inline]] inline Reduced reduce(float x) {
  // 1.5 * 2^23: adding it leaves the integer nearest to x / ln 2 in the lowest mantissa bits.
  constexpr float shifter = 12582912.0F;
  const float shifted = std::fma(x, 1.44269504088896341F, shifter);
  const float n = shifted - shifter;
  // ln 2 in two parts: the product of the first and n is exact enough only under fma, and the
  // second corrects it.
  const float r = std::fma(n, -1.42860677e-6F, std::fma(n, -0.693145752F, x));
  return {std::bit_cast<std::int32_t>(shifted) - std::bit_cast<std::int32_t>(shifter), r};
}

/// exp(r) - 1 for |r| <= ln(2) / 2.
[[gnu::always_inline]] inline float expm1_reduced(float r) {
  float p = 1.9875691500e-4F;
  p = std::fma(p, r, 1.3981999507e-3F);
  p = std::fma(p, r, 8.3334519073e-3F);
  p = std::fma(p, r, 4.1665795894e-2F);
  p = std::fma(p, r, 1.6666665459e-1F);
  p = std::fma(p, r, 5.0000001201e-1F);
  return std::fma(p, r * r, r);
}

}  // namespace detail

/// e^x, also where the result is subnormal, 0 or infinite. Within 1 ulp.
[[gnu::always_inline]] inline float exp(float x) {
  // Both bounds lie beyond the last results that are neither 0 nor infinite; comparisons let a NaN
  // pass.
  x = x < -105.0F ? -105.0F : x;
  x = x > 89.0F ? 89.0F : x;
  const auto [n, r] = detail::reduce(x);
  // 2^n alone may overflow where e^x does not, and may be subnormal: two factors, the first product
  // exact.
  const std::int32_t half = n >> 1;
  return (1.0F + detail::expm1_reduced(r)) * detail::power_of_two(half) *
         detail::power_of_two(n - half);
}

/// e^x - 1 for x <= 0, within 1 ulp. For x > 0 the result is finite or NaN, without a meaning.
[[gnu::always_inline]] inline float expm1_nonpositive(float x) {
  // -1 to the last bit below -17.4.
  x = x < -30.0F ? -30.0F : x;
  x = x > 1.0F ? 1.0F : x;
  const auto [n, r] = detail::reduce(x);
  const float scale = detail::power_of_two(n);
  return std::fma(scale, detail::expm1_reduced(r), scale - 1.0F);
}

/// ln(1 + t) for t in [0, 1]. Within 1.5 ulp.
[[gnu::always_inline]] inline float log1p_unit(float t) {
  // 1 + t = (1 + f) or 2 (1 + f), so that 1 + f lies in [sqrt(1/2), sqrt 2].
  const bool upper = t > 0.41421356F;
  const float f = upper ? (t - 1.0F) * 0.5F : t;
  float p = 7.0376836292e-2F;
  p = std::fma(p, f, -1.1514610310e-1F);
  p = std::fma(p, f, 1.1676998740e-1F);
  p = std::fma(p, f, -1.2420140846e-1F);
  p = std::fma(p, f, 1.4249322787e-1F);
  p = std::fma(p, f, -1.6668057665e-1F);
  p = std::fma(p, f, 2.0000714765e-1F);
  p = std::fma(p, f, -2.4999993993e-1F);
  p = std::fma(p, f, 3.3333331174e-1F);
  const float square = f * f;
  const float rest = std::fma(p * f, square, -0.5F * square);
  // ln 2 in two parts, the smaller first.
  return upper ? ((rest - 2.12194440e-4F) + f) + 0.693359375F : rest + f;
}

/// 1 / (1 + e^-x). Within 2 ulp.
[[gnu::always_inline]] inline float sigmoid(float x) {
  const float e = elementwise::exp(-std::fabs(x));
  return (x < 0 ? e : 1.0F) / (1.0F + e);
}

/// tanh x. Within 1.25 ulp.
[[gnu::always_inline]] inline float tanh(float x) {
  const float a = std::fabs(x);
  const float square = x * x;
  float p = -5.70498872745e-3F;
  p = std::fma(p, square, 2.06390887954e-2F);
  p = std::fma(p, square, -5.37397155531e-2F);
  p = std::fma(p, square, 1.33314422036e-1F);
  p = std::fma(p, square, -3.33332819422e-1F);
  const float small = std::fma(p * square, x, x);
  const float large = 1.0F - 2.0F / (elementwise::exp(2.0F * a) + 1.0F);
  return a < 0.625F ? small : std::copysign(large, x);
}

/// ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|). Within 1.6 ulp.
[[gnu::always_inline]] inline float softplus(float x) {
  return (x > 0 ? x : 0.0F) + log1p_unit(elementwise::exp(-std::fabs(x)));
}

/// The standard normal distribution Phi(x) and density phi(x).
struct Normal {
  float distribution;
  float density;
};
/// Within 5 and 3 ulp, also far in the lower tail, down to subnormal results.
[[gnu::always_inline]] inline Normal normal(float x) {
  const float a = std::fabs(x);
  // The rounding error of a^2, lost on a large exponent, is restored as a factor 1 - error / 2.
  const float square = a * a;
  const float error = std::fma(a, a, -square);
  // An infinite square has an unknown error.
  const float correction =
      square < 300.0F ? std::fma(error, -0.5F, 1.0F) : (square >= 300.0F ? 1.0F : square);
  const float e = elementwise::exp(-0.5F * square) * correction;
  // Phi(-a) e^(a^2 / 2) (a + 4) is a smooth function of t = (a - 4) / (a + 4): a minimax polynomial
  // on [0, 15].
  const float bounded = a > 15.0F ? 15.0F : a;
  const float inverse = 1.0F / (bounded + 4.0F);
  const float t = (bounded - 4.0F) * inverse;
  float p = -1.34195885692e-4F;
  p = std::fma(p, t, 1.74660064805e-4F);
  p = std::fma(p, t, 1.56840831262e-3F);
  p = std::fma(p, t, -3.51021151568e-3F);
  p = std::fma(p, t, -7.52400452532e-3F);
  p = std::fma(p, t, 6.04034896007e-2F);
  p = std::fma(p, t, -1.86523656262e-1F);
  p = std::fma(p, t, 3.87136916511e-1F);
  p = std::fma(p, t, -6.07896579878e-1F);
  p = std::fma(p, t, 7.55285135253e-1F);
  const float tail = p * inverse * e;
  return {x > 0 ? 1.0F - tail : tail, 0.398942280F * e};
}

}  // namespace hourglass::elementwise
