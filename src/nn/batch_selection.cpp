#include "nn/batch_selection.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <vector>

#include "math/lanes.hpp"

namespace hourglass {

namespace {

// Ranges of a value's bits, from the highest: 11, 11 and 10 of them.
constexpr std::array<int, 3> shifts = {21, 10, 0};
constexpr std::array<std::uint32_t, 3> masks = {0x7FF, 0x7FF, 0x3FF};
constexpr std::size_t ranges = 2048;
using Counts = std::array<std::int64_t, ranges>;

constexpr std::uint32_t nan_key = std::numeric_limits<std::uint32_t>::max();

std::uint32_t key_of(float value) {
  return value != value ? nan_key : std::bit_cast<std::uint32_t>(value);
}

// The range, from the top, in which the count-th largest lies; `count` becomes what is wanted of
// that range. There are at least so many.
std::size_t range_of(const Counts& counts, std::int64_t& count) {
  std::size_t range = ranges - 1;
  for (; counts[range] < count; --range) count -= counts[range];
  return range;
}

// The end of keep_largest() where each rank lists some units. Of the one micro-batch whose equal
// values are kept in part, all ranks count them by row and part of the units.
void keep_divided(std::span<const BatchPart> own, std::uint32_t smallest, std::int64_t wanted,
                  std::span<const std::int64_t> equals, SumOverRanks sum,
                  const UnitDivision& units) {
  std::size_t cut = 0;
  for (; cut + 1 < equals.size() && equals[cut] <= wanted; ++cut) wanted -= equals[cut];
  std::vector<std::int64_t> places(static_cast<std::size_t>(units.rows * units.parts), 0);
  for (const BatchPart& part : own) {
    if (static_cast<std::size_t>(part.number) != cut) continue;
    const SparseRows listed = part.code->view();
    for (Index r = 0; r < listed.rows(); ++r) {
      places[static_cast<std::size_t>(r * units.parts + units.part)] = std::ranges::count_if(
          listed.values_of(r), [&](float value) { return key_of(value) == smallest; });
    }
  }
  sum(places);
  for (const BatchPart& part : own) {
    const auto number = static_cast<std::size_t>(part.number);
    std::int64_t left = 0;
    Index current = -1;
    part.code->filter_rows([&](Index row, float value) {
      const std::uint32_t key = key_of(value);
      if (key != smallest || number != cut)
        return key > smallest || (key == smallest && number < cut);
      if (row != current) {
        // What the places before this rank's in the row leave.
        left = wanted;
        const auto end = static_cast<std::size_t>(row * units.parts + units.part);
        for (std::size_t place = 0; place < end; ++place) left -= places[place];
        current = row;
      }
      return left-- > 0;
    });
  }
}

}  // namespace

void select_candidates(ConstMatrix z, std::span<const float> bias, Index count, SparseCode& code) {
  code.clear(z.columns);
  Counts counts{};
  std::int64_t listed = 0;  // at least as large as the bound
  float bound = 0;
  std::size_t lowest = 0;  // range of the bound
  for (Index r = 0; r < z.rows; ++r) {
    const float* const row = z.data + r * z.stride;
    const auto visit = [&](Index u) {
      const float value = row[u] + bias[static_cast<std::size_t>(u)];
      if (value <= 0 || value < bound) return;
      code.add(u, value);
      ++counts[key_of(value) >> shifts[0]];
      ++listed;
    };
    Index u = 0;
    for (; u + lanes::count <= z.columns; u += lanes::count) {
      const lanes::Vector value = lanes::load(row + u) + lanes::load(bias.data() + u);
      const lanes::Mask wanted = ~(value <= lanes::Vector{}) & ~(value < lanes::splat(bound));
      lanes::for_bits(lanes::bits(wanted), [&](Index i) { visit(u + i); });
    }
    for (; u < z.columns; ++u) visit(u);
    code.end_row();
    for (; listed - counts[lowest] >= count; ++lowest) listed -= counts[lowest];
    bound = std::bit_cast<float>(static_cast<std::uint32_t>(lowest) << shifts[0]);
  }
  code.filter([&](float value) { return !(value < bound); });
}

float keep_largest(std::span<const BatchPart> own, Index parts, Index count, SumOverRanks sum,
                   const UnitDivision& units) {
  // The bits of the smallest kept value, as far as they are known: those above `shift`.
  std::uint32_t known = 0;
  std::int64_t wanted = count;
  for (std::size_t level = 0; level < shifts.size(); ++level) {
    Counts counts{};
    const int above = level == 0 ? 32 : shifts[level - 1];
    for (const BatchPart& part : own) {
      for (const float value : part.code->view().values) {
        const std::uint32_t key = key_of(value);
        if (above < 32 && key >> above != known >> above) continue;
        ++counts[(key >> shifts[level]) & masks[level]];
      }
    }
    sum(counts);
    if (level == 0) {
      std::int64_t all = 0;
      for (const std::int64_t n : counts) all += n;
      wanted = std::min(wanted, all);
      if (wanted == 0) return 0;
    }
    known |= static_cast<std::uint32_t>(range_of(counts, wanted)) << shifts[level];
  }
  // Values equal to the smallest: each micro-batch keeps what those before it leave.
  std::vector<std::int64_t> equals(static_cast<std::size_t>(parts), 0);
  for (const BatchPart& part : own) {
    equals[static_cast<std::size_t>(part.number)] = std::ranges::count_if(
        part.code->view().values, [&](float value) { return key_of(value) == known; });
  }
  sum(equals);
  if (units.parts > 1) {
    keep_divided(own, known, wanted, equals, sum, units);
    return std::bit_cast<float>(known);
  }
  for (const BatchPart& part : own) {
    std::int64_t ties = wanted;
    for (std::size_t i = 0; i < static_cast<std::size_t>(part.number); ++i) ties -= equals[i];
    part.code->filter([&](float value) {
      const std::uint32_t key = key_of(value);
      return key > known || (key == known && ties-- > 0);
    });
  }
  return std::bit_cast<float>(known);
}

}  // namespace hourglass
