#include "core/wire_format.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr Index cell_words = 1 + cell_floats / 2;
constexpr float largest_integer = 127.0F;
constexpr float smallest_scale = 0x1p-100F;
constexpr float largest_scale = 0x1p119F;

// As integers, magnitudes are ordered like the floats, with NaN above everything.
float largest_magnitude(const float* cell) {
  std::uint32_t largest = 0;
  for (Index i = 0; i < cell_floats; ++i)
    largest = std::max(largest, std::bit_cast<std::uint32_t>(cell[i]) & 0x7FFFFFFFU);
  return std::bit_cast<float>(largest);
}

float scale_of(const float* cell) {
  const float scale = rounded_to_bfloat16(largest_magnitude(cell) / largest_integer);
  if (!(scale <= largest_scale)) return std::numeric_limits<float>::quiet_NaN();
  return scale < smallest_scale ? 0.0F : scale;
}

// Adding and subtracting 1.5 * 2^23 rounds to an integer, ties to even.
float nearest_integer(float value) {
  constexpr float shift = 0x1.8p23F;
  return (value + shift) - shift;
}

// The reciprocal's rounding error does not matter: it moves no quotient of a rounded cell across a
// tie, and quotients stay below 127.5.
void round_cell(const float* cell, float* rounded) {
  const float scale = scale_of(cell);
  if (!(scale > 0)) {
    std::fill_n(rounded, cell_floats, scale);
    return;
  }
  const float inverse = 1.0F / scale;
#pragma GCC ivdep
  for (Index i = 0; i < cell_floats; ++i) rounded[i] = nearest_integer(cell[i] * inverse) * scale;
}

void encode_cell(const float* cell, WireWord* words) {
  const float scale = scale_of(cell);
  words[0] = to_bfloat16(scale);
  std::int8_t integers[cell_floats] = {};
  if (scale > 0) {
    const float inverse = 1.0F / scale;
    for (Index i = 0; i < cell_floats; ++i)
      integers[i] = static_cast<std::int8_t>(nearest_integer(cell[i] * inverse));
  }
  std::memcpy(words + 1, integers, sizeof(integers));
}

void decode_cell(const WireWord* words, float* cell) {
  const float scale = to_float(words[0]);
  std::int8_t integers[cell_floats];
  std::memcpy(integers, words + 1, sizeof(integers));
  for (Index i = 0; i < cell_floats; ++i) cell[i] = static_cast<float>(integers[i]) * scale;
}

Index cells_of(Index floats) {
  require(floats % cell_floats == 0, "an 8-bit wire of a part of a cell");
  return floats / cell_floats;
}

}  // namespace

Index wire_words(Wire wire, Index floats) {
  return wire == Wire::int8 ? cells_of(floats) * cell_words : floats;
}

void encode(Wire wire, const float* values, Index floats, WireWord* words) {
  if (wire == Wire::bf16) {
    for (Index i = 0; i < floats; ++i) words[i] = to_bfloat16(values[i]);
    return;
  }
  for (Index cell = 0; cell < cells_of(floats); ++cell)
    encode_cell(values + cell * cell_floats, words + cell * cell_words);
}

void decode(Wire wire, const WireWord* words, Index floats, float* values) {
  if (wire == Wire::bf16) {
    for (Index i = 0; i < floats; ++i) values[i] = to_float(words[i]);
    return;
  }
  for (Index cell = 0; cell < cells_of(floats); ++cell)
    decode_cell(words + cell * cell_words, values + cell * cell_floats);
}

// `result` may be exactly `left` or `right`, never a shifted overlap, hence no dependence between
// iterations.
void add_rounded(Wire wire, const float* left, const float* right, Index floats, float* result) {
  if (wire == Wire::fp32) {
#pragma GCC ivdep
    for (Index i = 0; i < floats; ++i) result[i] = left[i] + right[i];
    return;
  }
  if (wire == Wire::bf16) {
#pragma GCC ivdep
    for (Index i = 0; i < floats; ++i)
      result[i] = rounded_to_bfloat16(left[i]) + rounded_to_bfloat16(right[i]);
    return;
  }
  alignas(64) float rounded_left[cell_floats];
  alignas(64) float rounded_right[cell_floats];
  for (Index first = 0; first < cells_of(floats) * cell_floats; first += cell_floats) {
    round_cell(left + first, rounded_left);
    round_cell(right + first, rounded_right);
    for (Index i = 0; i < cell_floats; ++i) result[first + i] = rounded_left[i] + rounded_right[i];
  }
}

void add_encoded(Wire wire, const float* left, const WireWord* right, Index floats, float* result) {
  if (wire == Wire::bf16) {
    for (Index i = 0; i < floats; ++i)
      result[i] = rounded_to_bfloat16(left[i]) + to_float(right[i]);
    return;
  }
  alignas(64) float rounded_left[cell_floats];
  alignas(64) float decoded[cell_floats];
  for (Index cell = 0; cell < cells_of(floats); ++cell) {
    const Index first = cell * cell_floats;
    round_cell(left + first, rounded_left);
    decode_cell(right + cell * cell_words, decoded);
    for (Index i = 0; i < cell_floats; ++i) result[first + i] = rounded_left[i] + decoded[i];
  }
}

}  // namespace hourglass
