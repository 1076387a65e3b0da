#include "nn/unit_selection.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// Loops over so many units become vector operations.
constexpr Index lanes = 16;
constexpr Index largest_block = 64;

// The largest of z + bias of the units [begin, begin + count); NaN if there is one.
float block_maximum(const float* z, const float* bias, Index begin, Index count) {
  std::array<float, static_cast<std::size_t>(lanes)> largest;
  largest.fill(0);
  Index u = begin;
  for (; u + lanes <= begin + count; u += lanes) {
    for (Index i = 0; i < lanes; ++i) {
      const float value = z[u + i] + bias[u + i];
      float& best = largest[static_cast<std::size_t>(i)];
      best = value > best || value != value ? value : best;
    }
  }
  for (; u < begin + count; ++u) {
    const float value = z[u] + bias[u];
    float& best = largest[0];
    best = value > best || value != value ? value : best;
  }
  for (std::size_t half = lanes / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) {
      const float value = largest[i + half];
      largest[i] = value > largest[i] || value != value ? value : largest[i];
    }
  }
  return largest[0];
}

void select_nan(std::span<const float> z, std::span<const float> bias, SparseCode& code) {
  for (std::size_t u = 0; u < z.size(); ++u) {
    const float value = z[u] + bias[u];
    if (value != value) code.add(static_cast<Index>(u), value);
  }
  code.end_row();
}

// The k-th largest of `values`, which are reordered.
float largest_but(std::span<float> values, Index k) {
  const auto at = values.begin() + (k - 1);
  std::nth_element(values.begin(), at, values.end(), std::greater<>());
  return *at;
}

}  // namespace

// Maxima of blocks, twice; then candidates: values, the same to reorder, and numbers.
Index selection_scratch_floats(Index units) {
  return 2 * round_up(units, lanes) / lanes + 3 * units;
}

void select_largest(std::span<const float> z, std::span<const float> bias, Index k,
                    std::span<float> scratch, SparseCode& code) {
  static_assert(sizeof(float) == sizeof(std::int32_t));
  const auto units = static_cast<Index>(z.size());
  require(bias.size() == z.size() &&
              static_cast<Index>(scratch.size()) >= selection_scratch_floats(units),
          "a selection without bias or scratch memory");
  Index block = largest_block;
  while (block > lanes && units / block < 4 * k) block /= 2;
  const Index blocks = (units + block - 1) / block;
  float* const maxima = scratch.data();
  for (Index b = 0; b < blocks; ++b) {
    maxima[b] = block_maximum(z.data(), bias.data(), b * block, std::min(block, units - b * block));
    if (maxima[b] != maxima[b]) {
      select_nan(z, bias, code);
      return;
    }
  }
  float bound = 0;
  if (blocks >= k) {
    const std::span<float> ordered(maxima + blocks, static_cast<std::size_t>(blocks));
    std::copy_n(maxima, blocks, ordered.begin());
    bound = largest_but(ordered, k);
  }
  float* const values = maxima + 2 * blocks;
  float* const ordered = values + units;
  auto* const numbers = reinterpret_cast<std::int32_t*>(ordered + units);
  Index count = 0;
  for (Index b = 0; b < blocks; ++b) {
    if (maxima[b] < bound || maxima[b] == 0) continue;
    const Index end = std::min((b + 1) * block, units);
    for (Index u = b * block; u < end; ++u) {
      const float value = z[static_cast<std::size_t>(u)] + bias[static_cast<std::size_t>(u)];
      values[count] = value;
      numbers[count] = static_cast<std::int32_t>(u);
      count += static_cast<Index>(value > 0 && value >= bound);
    }
  }
  float threshold = 0;
  Index ties = 0;  // units equal to the threshold that are kept
  if (count > k) {
    const std::span<float> all(ordered, static_cast<std::size_t>(count));
    std::copy_n(values, count, ordered);
    threshold = largest_but(all, k);
    ties = k - std::count_if(values, values + count, [&](float v) { return v > threshold; });
  }
  for (Index i = 0; i < count; ++i) {
    if (values[i] > threshold || (values[i] == threshold && ties-- > 0))
      code.add(numbers[i], values[i]);
  }
  code.end_row();
}

void select_above(std::span<const float> z, std::span<const float> bias,
                  std::span<const float> bounds, std::span<const float> thresholds,
                  SparseCode& code) {
  const auto units = static_cast<Index>(z.size());
  require(bias.size() == z.size() && bounds.size() == z.size() && thresholds.size() == z.size(),
          "a selection without bias or bounds");
  const auto visit = [&](Index u) {
    const auto at = static_cast<std::size_t>(u);
    const float value = z[at] + bias[at];
    if (!(value <= bounds[at])) code.add(u, value <= thresholds[at] ? 0 : value, value);
  };
  Index u = 0;
  for (; u + lanes <= units; u += lanes) {
    int any = 0;
    for (Index i = 0; i < lanes; ++i) {
      const auto at = static_cast<std::size_t>(u + i);
      any |= static_cast<int>(!(z[at] + bias[at] <= bounds[at]));
    }
    if (any == 0) continue;
    for (Index i = 0; i < lanes; ++i) visit(u + i);
  }
  for (; u < units; ++u) visit(u);
  code.end_row();
}

}  // namespace hourglass
