#include "nn/unit_selection.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "hourglass/core/error.hpp"
#include "math/lanes.hpp"

namespace hourglass {

namespace {

using lanes::load;
using lanes::Mask;
using lanes::splat;
using lanes::Vector;

// Units whose maxima are taken together: the same element of every eighth vector.
constexpr Index strands = 8;
constexpr Index strand_groups = strands * lanes::count;

// The larger of each; of a NaN and anything, the NaN.
[[gnu::always_inline]] inline Vector larger(const Vector& a, const Vector& b) {
  const Mask take = (a > b) | (a != a);
  return take ? a : b;
}

// Calls visit(unit, value) for z + bias of each unit where wanted(value, unit) sets a mask, given
// vectors, or holds, given the units beyond the last whole vector. 64 units are tested at a time.
template <class Wanted, class Visit>
[[gnu::always_inline]] inline void visit_units(std::span<const float> z,
                                               std::span<const float> bias, const Wanted& wanted,
                                               const Visit& visit) {
  constexpr Index together = 64;
  const auto units = static_cast<Index>(z.size());
  const auto test = [&](Index u) {
    return lanes::bits(wanted(load(z.data() + u) + load(bias.data() + u), u));
  };
  const auto visit_unit = [&](Index u) {
    visit(u, z[static_cast<std::size_t>(u)] + bias[static_cast<std::size_t>(u)]);
  };
  Index u = 0;
  for (; u + together <= units; u += together) {
    const std::uint64_t found =
        test(u) | test(u + 16) << 16 | test(u + 32) << 32 | test(u + 48) << 48;
    lanes::for_bits(found, [&](Index i) { visit_unit(u + i); });
  }
  for (; u + lanes::count <= units; u += lanes::count)
    lanes::for_bits(test(u), [&](Index i) { visit_unit(u + i); });
  for (; u < units; ++u) visit_unit(u);
}

// Writes the maxima of z + bias, or 0, of groups of units: so many of each of `segments` parts of
// the units. A NaN is larger than any number.
void group_maxima(const float* z, const float* bias, Index segment, Index segments, float* maxima) {
  for (Index s = 0; s < segments; ++s) {
    std::array<Vector, static_cast<std::size_t>(strands)> largest{};
    for (Index u = s * segment; u < (s + 1) * segment; u += strand_groups) {
#pragma GCC unroll 8
      for (Index i = 0; i < strands; ++i) {
        auto& best = largest[static_cast<std::size_t>(i)];
        const Index at = u + i * lanes::count;
        best = larger(load(z + at) + load(bias + at), best);
      }
    }
#pragma GCC unroll 8
    for (Index i = 0; i < strands; ++i) {
      lanes::store(largest[static_cast<std::size_t>(i)],
                   maxima + s * strand_groups + i * lanes::count);
    }
  }
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

// Maxima of groups, twice; then candidates: values, the same to reorder, and numbers.
Index selection_scratch_floats(Index units) {
  return 2 * round_up(units, lanes::count) + 3 * units;
}

void select_largest(std::span<const float> z, std::span<const float> bias, Index k,
                    std::span<float> scratch, const Inexact* inexact, SparseCode& code) {
  static_assert(sizeof(float) == sizeof(std::int32_t));
  const auto units = static_cast<Index>(z.size());
  require(bias.size() == z.size() &&
              static_cast<Index>(scratch.size()) >= selection_scratch_floats(units),
          "a selection without bias or scratch memory");
  // Four groups for each unit wanted, if there are so many: fewer make a lower bound, more take
  // longer.
  const Index segments =
      std::min((4 * k + strand_groups - 1) / strand_groups, units / strand_groups);
  const Index groups = segments * strand_groups;
  float* const maxima = scratch.data();
  const float error = inexact == nullptr ? 0 : inexact->error;
  float bound = -error;
  if (groups >= k) {
    group_maxima(z.data(), bias.data(), units / groups * strand_groups, segments, maxima);
    if (std::any_of(maxima, maxima + groups, [](float m) { return m != m; })) {
      select_nan(z, bias, code);
      return;
    }
    const std::span<float> ordered(maxima + groups, static_cast<std::size_t>(groups));
    std::copy_n(maxima, groups, ordered.begin());
    bound = largest_but(ordered, k) - 2 * error;
  }
  float* const values = scratch.data() + 2 * round_up(units, lanes::count);
  float* const ordered = values + units;
  auto* const numbers = reinterpret_cast<std::int32_t*>(ordered + units);
  Index count = 0;
  bool broken = false;
  const float zero = -error;
  visit_units(
      z, bias,
      [&](const Vector& value, Index) { return ~(value < splat(bound)) & ~(value <= splat(zero)); },
      [&](Index u, float value) {
        broken = broken || value != value;
        if (value < bound || value <= zero) return;
        values[count] = value;
        numbers[count++] = static_cast<std::int32_t>(u);
      });
  if (broken) {
    select_nan(z, bias, code);
    return;
  }
  const auto largest = [&] {
    std::copy_n(values, count, ordered);
    return largest_but({ordered, static_cast<std::size_t>(count)}, k);
  };
  if (inexact != nullptr) {
    // What is further below the k-th largest than two errors is not among the k largest.
    const float least = count > k ? largest() - 2 * error : zero;
    Index kept = 0;
    for (Index i = 0; i < count; ++i) {
      if (values[i] < least) continue;
      const Index u = numbers[i];
      const float value = inexact->exact(u) + bias[static_cast<std::size_t>(u)];
      values[kept] = value;
      numbers[kept] = numbers[i];
      kept += static_cast<Index>(value > 0);
    }
    count = kept;
  }
  float threshold = 0;
  Index ties = 0;  // units equal to the threshold that are kept
  if (count > k) {
    threshold = largest();
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
                  const Inexact* inexact, SparseCode& code) {
  require(bias.size() == z.size() && bounds.size() == z.size() && thresholds.size() == z.size(),
          "a selection without bias or bounds");
  const float error = inexact == nullptr ? 0 : inexact->error;
  visit_units(
      z, bias,
      [&](const Vector& value, Index u) {
        return ~(value + splat(error) <= load(bounds.data() + u));
      },
      [&](Index u, float value) {
        const auto at = static_cast<std::size_t>(u);
        if (inexact != nullptr) value = inexact->exact(u) + bias[at];
        if (!(value <= bounds[at])) code.add(u, value <= thresholds[at] ? 0 : value, value);
      });
  code.end_row();
}

}  // namespace hourglass
