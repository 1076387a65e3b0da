#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "hourglass/core/types.hpp"

#ifdef __AVX512DQ__
#include <immintrin.h>
#endif

/// Vectors of 16 floats: one register of AVX-512, two of AVX2. Operations are element-wise and
/// rounded once each, so that results are the same at any width of the machine's registers.
namespace hourglass::lanes {

inline constexpr Index count = 16;
using Vector [[gnu::vector_size(count * sizeof(float))]] = float;
using Mask [[gnu::vector_size(count * sizeof(float))]] = int;  ///< -1 where a comparison holds

// Without the registers of this width a call would pass vectors otherwise; nothing here is called.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpsabi"

[[gnu::always_inline]] inline Vector load(const float* from) {
  Vector v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
[[gnu::always_inline]] inline void store(const Vector& v, float* to) {
  std::memcpy(to, &v, sizeof v);
}
[[gnu::always_inline]] inline Vector splat(float value) { return value - Vector{}; }
/// a b + c, rounded once. The compiler makes one instruction of it.
[[gnu::always_inline]] inline Vector multiply_add(const Vector& a, const Vector& b,
                                                  const Vector& c) {
  Vector sum = c;
  for (Index i = 0; i < count; ++i) sum[i] = std::fma(a[i], b[i], c[i]);
  return sum;
}
/// A bit for each element that is set.
[[gnu::always_inline]] inline std::uint64_t bits(const Mask& mask) {
#ifdef __AVX512DQ__
  __m512i all;
  std::memcpy(&all, &mask, sizeof all);
  return _mm512_movepi32_mask(all);
#else
  std::uint64_t all = 0;
  for (Index i = 0; i < count; ++i) all |= static_cast<std::uint64_t>(mask[i] & 1) << i;
  return all;
#endif
}
/// Calls visit(i) for each bit that is set, lowest first.
template <class Visit>
[[gnu::always_inline]] inline void for_bits(std::uint64_t bits, const Visit& visit) {
  for (; bits != 0; bits &= bits - 1) visit(static_cast<Index>(std::countr_zero(bits)));
}

#pragma GCC diagnostic pop

}  // namespace hourglass::lanes
