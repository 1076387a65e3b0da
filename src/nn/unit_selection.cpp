#include "nn/unit_selection.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>

#include "hourglass/core/error.hpp"
#include "math/lanes.hpp"

namespace hourglass {

namespace {

using lanes::load;
using lanes::splat;
using lanes::Vector;

// Units whose maxima are taken together: the same element of every eighth vector.
constexpr Index strands = 8;
constexpr Index strand_groups = strands * lanes::count;

// The larger of each; b where a is a NaN.
[[gnu::always_inline]] inline Vector larger(const Vector& a, const Vector& b) {
  return a > b ? a : b;
}

// What z + bias are at least and at most, of units from `unit` on: exact values.
struct Exact {
  template <class T>
  [[gnu::always_inline]] static T least(const T& value, Index /*unit*/) {
    return value;
  }
  template <class T>
  [[gnu::always_inline]] static T most(const T& value, Index /*unit*/) {
    return value;
  }
};

// The same of values with an error.
class Bounds {
 public:
  explicit Bounds(const Inexact& inexact)
      : scale_(splat(inexact.scale)),
        offset_(splat(inexact.offset)),
        errors_(inexact.errors.data()) {}

  template <class T>
  [[gnu::always_inline]] T least(const T& value, Index unit) const {
    T error;
    find(unit, error);
    return value - error;
  }
  template <class T>
  [[gnu::always_inline]] T most(const T& value, Index unit) const {
    T error;
    find(unit, error);
    return value + error;
  }

 private:
  [[gnu::always_inline]] void find(Index unit, Vector& error) const {
    error = lanes::multiply_add(scale_, load(errors_ + unit), offset_);
  }
  [[gnu::always_inline]] void find(Index unit, float& error) const {
    error = std::fma(scale_[0], errors_[unit], offset_[0]);
  }

  Vector scale_;
  Vector offset_;
  const float* errors_;
};

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

// Writes the maxima of what z + bias are at least, or 0, of groups of units: so many of each of
// `segments` parts of the units. NaNs do not count.
template <class Known>
void group_maxima(const float* z, const float* bias, const Known& known, Index segment,
                  Index segments, float* maxima) {
  for (Index s = 0; s < segments; ++s) {
    std::array<Vector, static_cast<std::size_t>(strands)> largest{};
    for (Index u = s * segment; u < (s + 1) * segment; u += strand_groups) {
#pragma GCC unroll 8
      for (Index i = 0; i < strands; ++i) {
        auto& best = largest[static_cast<std::size_t>(i)];
        const Index at = u + i * lanes::count;
        best = larger(known.least(Vector(load(z + at) + load(bias + at)), at), best);
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

// Units by number, with what their values are at most and at least.
struct Candidates {
  std::int32_t* units;
  float* most;
  float* least;
  Index count;
};

// Replaces the candidates by those that may be among the k largest, `most` by their values, and
// returns their number. First the k that are at least the largest are multiplied: the smallest of
// their values is closer to the k-th largest than a bound is. Scratch memory for each candidate.
Index multiply_near(const Candidates& candidates, Index k, float* scratch,
                    std::span<const float> bias, const Inexact& inexact) {
  const auto [units, most, least, count] = candidates;
  if (count == 0) return 0;
  float bound = std::numeric_limits<float>::lowest();
  if (count > k) {
    std::copy_n(least, count, scratch);
    bound = largest_but({scratch, static_cast<std::size_t>(count)}, k);
  }
  auto* const first = reinterpret_cast<std::int32_t*>(scratch);
  Index firsts = 0;
  Index others = 0;
  for (Index i = 0; i < count; ++i) {
    const std::int32_t unit = units[i];
    if (least[i] >= bound) {
      first[firsts++] = unit;
    } else if (most[i] >= bound) {
      units[others] = unit;
      most[others++] = most[i];
    }
  }
  const auto multiply = [&](const std::int32_t* listed, Index listed_count, float* values) {
    inexact.exact({listed, static_cast<std::size_t>(listed_count)}, values);
    for (Index i = 0; i < listed_count; ++i) values[i] += bias[static_cast<std::size_t>(listed[i])];
  };
  multiply(first, firsts, least);
  const float smallest = *std::min_element(least, least + firsts);
  Index near = 0;
  for (Index i = 0; i < others; ++i) {
    units[near] = units[i];
    near += static_cast<Index>(!(most[i] < smallest));
  }
  multiply(units, near, most);
  // By number again, from the last one.
  Index a = firsts;
  Index b = near;
  for (Index to = firsts + near; a > 0;) {
    const bool takes_first = b == 0 || first[a - 1] > units[b - 1];
    --to;
    most[to] = takes_first ? least[--a] : most[--b];
    units[to] = takes_first ? first[a] : units[b];
  }
  Index above = 0;
  for (Index i = 0; i < firsts + near; ++i) {
    most[above] = most[i];
    units[above] = units[i];
    above += static_cast<Index>(most[i] > 0);
  }
  return above;
}

template <class Known>
void select_largest_of(std::span<const float> z, std::span<const float> bias, Index k,
                       std::span<float> scratch, const Known& known, const Inexact* inexact,
                       SparseCode& code) {
  const auto units = static_cast<Index>(z.size());
  // Four groups for each unit wanted, if there are so many: fewer make a lower bound, more take
  // longer.
  const Index segments =
      std::min((4 * k + strand_groups - 1) / strand_groups, units / strand_groups);
  const Index groups = segments * strand_groups;
  float* const maxima = scratch.data();
  float bound = 0;
  if (groups >= k) {
    group_maxima(z.data(), bias.data(), known, units / groups * strand_groups, segments, maxima);
    bound = largest_but({maxima, static_cast<std::size_t>(groups)}, k);
  }
  // Units are above 0, too.
  bound = std::max(bound, std::numeric_limits<float>::denorm_min());
  float* const values = maxima + round_up(units, lanes::count);
  float* const ordered = values + units;
  auto* const numbers = reinterpret_cast<std::int32_t*>(ordered + units);
  Index count = 0;
  bool broken = false;
  visit_units(
      z, bias,
      [&, bounds = splat(bound)](const Vector& value, Index u) {
        return ~(known.most(value, u) < bounds);
      },
      [&](Index u, float value) {
        broken = broken || value != value;
        const float most = known.most(value, u);
        if (most < bound) return;
        values[count] = most;
        ordered[count] = known.least(value, u);
        numbers[count++] = static_cast<std::int32_t>(u);
      });
  if (broken) {
    select_nan(z, bias, code);
    return;
  }
  if (inexact != nullptr) {
    count = multiply_near({numbers, values, ordered, count}, k, maxima, bias, *inexact);
  }
  float threshold = 0;
  Index ties = 0;  // units equal to the threshold that are kept
  if (count > k) {
    std::copy_n(values, count, ordered);
    threshold = largest_but({ordered, static_cast<std::size_t>(count)}, k);
    ties = k - std::count_if(values, values + count, [&](float v) { return v > threshold; });
  }
  for (Index i = 0; i < count; ++i) {
    if (values[i] > threshold || (values[i] == threshold && ties-- > 0))
      code.add(numbers[i], values[i]);
  }
  code.end_row();
}

}  // namespace

// Maxima of groups; then candidates: values, the same to reorder, and numbers.
Index selection_scratch_floats(Index units) { return round_up(units, lanes::count) + 3 * units; }

void select_largest(std::span<const float> z, std::span<const float> bias, Index k,
                    std::span<float> scratch, const Inexact* inexact, SparseCode& code) {
  static_assert(sizeof(float) == sizeof(std::int32_t));
  const auto units = static_cast<Index>(z.size());
  require(bias.size() == z.size() &&
              static_cast<Index>(scratch.size()) >= selection_scratch_floats(units),
          "a selection without bias or scratch memory");
  if (inexact == nullptr) {
    select_largest_of(z, bias, k, scratch, Exact{}, nullptr, code);
  } else {
    require(inexact->errors.size() == z.size(), "inexact products without errors");
    select_largest_of(z, bias, k, scratch, Bounds(*inexact), inexact, code);
  }
}

void select_above(std::span<const float> z, std::span<const float> bias,
                  std::span<const float> bounds, std::span<const float> thresholds,
                  std::span<float> scratch, const Inexact* inexact, SparseCode& code) {
  require(bias.size() == z.size() && bounds.size() == z.size() && thresholds.size() == z.size(),
          "a selection without bias or bounds");
  const auto add = [&](Index u, float value) {
    const auto at = static_cast<std::size_t>(u);
    if (!(value <= bounds[at])) code.add(u, value <= thresholds[at] ? 0 : value, value);
  };
  if (inexact == nullptr) {
    visit_units(
        z, bias, [&](const Vector& value, Index u) { return ~(value <= load(bounds.data() + u)); },
        add);
    code.end_row();
    return;
  }
  require(inexact->errors.size() == z.size() && scratch.size() >= 2 * z.size(),
          "inexact products without errors or scratch memory");
  const Bounds known(*inexact);
  float* const values = scratch.data();
  auto* const numbers = reinterpret_cast<std::int32_t*>(values + z.size());
  std::size_t count = 0;
  visit_units(
      z, bias,
      [&](const Vector& value, Index u) {
        return ~(known.most(value, u) <= load(bounds.data() + u));
      },
      [&](Index u, float value) {
        if (known.most(value, u) <= bounds[static_cast<std::size_t>(u)]) return;
        numbers[count++] = static_cast<std::int32_t>(u);
      });
  inexact->exact({numbers, count}, values);
  for (std::size_t i = 0; i < count; ++i)
    add(numbers[i], values[i] + bias[static_cast<std::size_t>(numbers[i])]);
  code.end_row();
}

}  // namespace hourglass
