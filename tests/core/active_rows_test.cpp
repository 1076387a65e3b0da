#include "core/active_rows.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

// A dense cell, rows of several widths, a dense cell between them, and two at the end.
struct Arena {
  explicit Arena(Index unit_count) : units(unit_count) {
    for (const Index width : {5, 64, 1, 200}) {
      tensors.push_back({floats, width});
      floats += round_up(units * width, cell_floats);
      if (width == 64) floats += cell_floats;
    }
    floats += 2 * cell_floats;
  }

  // By definition, float by float.
  [[nodiscard]] std::vector<char> active_cells(const ActiveRows& rows) const {
    std::vector<char> active(static_cast<std::size_t>(floats / cell_floats), 1);
    for (const UnitRows& tensor : tensors) {
      for (Index i = 0; i < round_up(units * tensor.width, cell_floats); i += cell_floats)
        active[static_cast<std::size_t>((tensor.offset + i) / cell_floats)] = 0;
      for (Index i = 0; i < units * tensor.width; ++i) {
        if (rows.contains(i / tensor.width))
          active[static_cast<std::size_t>((tensor.offset + i) / cell_floats)] = 1;
      }
    }
    return active;
  }

  Index units;
  Index floats = cell_floats;
  std::vector<UnitRows> tensors;
};

TEST(ActiveRows, parts_are_the_cells_of_active_units) {
  for (const Index units : {1, 63, 64, 130}) {
    const Arena arena(units);
    ActiveRows rows(arena.tensors, units);
    for (Index round = 0; round < 4; ++round) {
      rows.clear();
      for (Index u = 0; u < units; ++u) {
        if (round == 3 || (round > 0 && (u * u + round) % (3 * round) == 0)) rows.add(u);
      }
      const std::vector<char> active = arena.active_cells(rows);
      for (Index begin = 0; begin < arena.floats; begin += 5 * cell_floats) {
        for (const Index size : {Index{1}, Index{7}, arena.floats / cell_floats}) {
          const Range range{begin, std::min(arena.floats, begin + size * cell_floats)};
          std::vector<char> visited(active.size(), 0);
          Index floats = 0;
          Index last = -1;
          rows.for_parts(range, [&](Range part) {
            EXPECT_LT(last, part.begin);
            EXPECT_LT(part.begin, part.end);
            EXPECT_LE(range.begin, part.begin);
            EXPECT_LE(part.end, range.end);
            last = part.end;
            floats += part.size();
            for (Index i = part.begin; i < part.end; i += cell_floats)
              visited[static_cast<std::size_t>(i / cell_floats)] = 1;
          });
          EXPECT_EQ(rows.floats_in(range), floats);
          for (Index c = range.begin / cell_floats; c < range.end / cell_floats; ++c) {
            ASSERT_EQ(visited[static_cast<std::size_t>(c)], active[static_cast<std::size_t>(c)])
                << units << " units, cell " << c;
          }
        }
      }
    }
  }
}

TEST(ActiveRows, zero_clears_active_rows_alone) {
  const Arena arena(70);
  ActiveRows rows(arena.tensors, 70);
  for (const Index unit : {0, 3, 69}) rows.add(unit);
  std::vector<float> values(static_cast<std::size_t>(arena.floats), 1.0F);
  rows.zero(values.data());
  const std::vector<char> active = arena.active_cells(rows);
  for (Index i = 0; i < arena.floats; ++i) {
    const bool in_tensor = std::ranges::any_of(arena.tensors, [&](const UnitRows& tensor) {
      return tensor.offset <= i && i < tensor.offset + round_up(70 * tensor.width, cell_floats);
    });
    const bool cleared = in_tensor && active[static_cast<std::size_t>(i / cell_floats)] != 0;
    ASSERT_EQ(values[static_cast<std::size_t>(i)], cleared ? 0.0F : 1.0F) << i;
  }
}

TEST(ActiveRows, unions_and_counts) {
  ActiveRows a({{0, 64}}, 130);
  ActiveRows b = a;
  a.add(0);
  a.add(129);
  b.add(64);
  b.add(129);
  a.add(b);
  EXPECT_EQ(a.count(), 3);
  EXPECT_TRUE(a.contains(64));
  EXPECT_FALSE(a.contains(65));
  EXPECT_EQ(a.words().size(), 3U);
  a.fill();
  EXPECT_EQ(a.count(), 130);
  EXPECT_EQ(a.words()[2], 3U) << "no unit beyond the last";
  EXPECT_TRUE(ActiveRows().empty());
  EXPECT_THROW(ActiveRows({{64, 64}, {0, 64}}, 2), Error);
}

}  // namespace
}  // namespace hourglass
