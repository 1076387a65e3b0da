#pragma once

#include "core/bfloat16.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// The number format in which ranks exchange gradients and updates.
///
/// - bf16: each float is rounded to bfloat16 (relative error at most 2^-8).
/// - int8: each cell of 64 floats shares the scale s = bfloat16(largest magnitude / 127), and float
///   x becomes the integer nearest to x / s (ties to even), of magnitude at most 127. The error of
///   a float is at most s / 2, i.e. 0.4 % of the cell's largest magnitude. Cells whose scale is
///   below 2^-100 become 0; cells with a NaN, an infinity or a scale above 2^119 become NaN.
///
/// Rounding is idempotent: rounded floats are encoded without further loss. (With int8 the largest
/// magnitude of a rounded cell is 127 s exactly, because the scale's relative rounding error is
/// below 1 / 254 and 127 s fits in a float; so the same scale is found again.)
enum class Wire { fp32, bf16, int8 };

/// What encoded floats are stored and sent as.
using WireWord = Bfloat16;

/// Words of `floats` encoded floats: one per float in bf16, 33 per cell in int8 (the scale, then 64
/// bytes). `floats` counts whole cells with int8.
[[nodiscard]] Index wire_words(Wire wire, Index floats);

/// Arrays of `floats` floats, or of wire_words() words. With int8 they begin and end at cell
/// boundaries of the arena. Not for fp32, which is sent as it is.
void encode(Wire wire, const float* values, Index floats, WireWord* words);
void decode(Wire wire, const WireWord* words, Index floats, float* values);

/// result = round(left) + round(right), the addition of the leaf tree (core/tree_sum.hpp); plain
/// with fp32. `result` may be `left` or `right`.
void add_rounded(Wire wire, const float* left, const float* right, Index floats, float* result);
/// The same when the right operand has arrived encoded. Not for fp32.
void add_encoded(Wire wire, const float* left, const WireWord* right, Index floats, float* result);

}  // namespace hourglass
