// The selection of active units against sorting.
#include "nn/unit_selection.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace hourglass {
namespace {

// Sort the units by value, then by number; the first k above 0, ascending.
std::vector<std::int32_t> sorted_selection(const std::vector<float>& values, Index k) {
  std::vector<std::int32_t> order(values.size());
  for (std::size_t u = 0; u < order.size(); ++u) order[u] = static_cast<std::int32_t>(u);
  const auto value = [&](std::int32_t u) { return values[static_cast<std::size_t>(u)]; };
  std::ranges::stable_sort(order, [&](auto a, auto b) { return value(a) > value(b); });
  order.resize(std::min(order.size(), static_cast<std::size_t>(k)));
  std::erase_if(order, [&](auto u) { return value(u) <= 0; });
  std::ranges::sort(order);
  return order;
}

TEST(UnitSelection, largest_equal_sorting) {
  std::mt19937 random(1);
  // Numbers of which many are equal, and numbers of which none are.
  std::uniform_int_distribution<int> few(-3, 3);
  std::normal_distribution<float> normal;
  SparseCode code;
  for (const Index units : {1, 5, 16, 33, 300, 1031}) {
    std::vector<float> z(static_cast<std::size_t>(units));
    std::vector<float> bias(z.size());
    std::vector<float> scratch(static_cast<std::size_t>(selection_scratch_floats(units)));
    std::vector<float> sums(z.size());
    for (const bool ties : {false, true}) {
      for (std::size_t u = 0; u < z.size(); ++u) {
        z[u] = ties ? static_cast<float>(few(random)) : normal(random);
        bias[u] = ties ? static_cast<float>(few(random)) : normal(random);
        sums[u] = z[u] + bias[u];
      }
      for (const Index k : {1, 2, 7, 32, 400, 2000}) {
        code.clear(units);
        select_largest(z, bias, k, scratch, nullptr, code);
        const auto expected = sorted_selection(sums, k);
        const SparseRows rows = code.view();
        ASSERT_EQ(std::vector<std::int32_t>(rows.columns.begin(), rows.columns.end()), expected)
            << units << " units, k " << k;
        for (std::size_t e = 0; e < expected.size(); ++e)
          ASSERT_EQ(rows.values[e], sums[static_cast<std::size_t>(expected[e])]);
      }
    }
  }
}

// Products with errors: the selection is that of the exact ones.
TEST(UnitSelection, inexact_products_do_not_change_the_selection) {
  constexpr Index units = 700;
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  constexpr float scale = 0.1F;
  std::uniform_real_distribution<float> wrong(-scale, scale);
  // Some units are known better than others, some exactly.
  std::vector<float> errors(units);
  for (std::size_t u = 0; u < units; ++u) errors[u] = static_cast<float>(u % 5) / 4;
  std::vector<float> exact(units);
  std::vector<float> z(units);
  const std::vector<float> bias(units, 0.25F);
  std::vector<float> scratch(static_cast<std::size_t>(selection_scratch_floats(units)));
  for (std::size_t u = 0; u < units; ++u) {
    exact[u] = normal(random);
    z[u] = std::fma(wrong(random), errors[u], exact[u]);
  }
  Index asked = 0;
  const auto products = [&](std::span<const std::int32_t> listed, float* to) {
    asked += static_cast<Index>(listed.size());
    for (const std::int32_t u : listed) *to++ = exact[static_cast<std::size_t>(u)];
  };
  const Inexact inexact{scale, 1e-6F, errors, products};
  SparseCode expected;
  SparseCode code;
  const auto expect_equal = [&] {
    EXPECT_EQ(code.view().columns.size(), expected.view().columns.size());
    EXPECT_TRUE(std::ranges::equal(code.view().columns, expected.view().columns));
    EXPECT_TRUE(std::ranges::equal(code.view().values, expected.view().values));
  };
  for (const Index k : {1, 10, 100, 690}) {
    expected.clear(units);
    code.clear(units);
    asked = 0;
    select_largest(exact, bias, k, scratch, nullptr, expected);
    select_largest(z, bias, k, scratch, &inexact, code);
    expect_equal();
    EXPECT_GT(asked, 0);
    EXPECT_LT(asked, 5 * k + 50);
  }
  expected.clear(units);
  code.clear(units);
  const std::vector<float> bounds(units, 1);
  select_above(exact, bias, bounds, bounds, {}, nullptr, expected);
  select_above(z, bias, bounds, bounds, scratch, &inexact, code);
  expect_equal();
}

TEST(UnitSelection, a_nan_is_selected) {
  for (const float sign : {1.0F, -1.0F}) {
    std::vector<float> z(100, 1.0F);
    z[77] = std::copysign(std::numeric_limits<float>::quiet_NaN(), sign);
    const std::vector<float> zeros(z.size());
    std::vector<float> scratch(static_cast<std::size_t>(selection_scratch_floats(100)));
    SparseCode code;
    code.clear(100);
    select_largest(z, zeros, 3, scratch, nullptr, code);
    ASSERT_EQ(code.size(), 1);
    EXPECT_TRUE(std::isnan(code.view().values[0]));
    code.clear(100);
    select_above(z, zeros, std::vector<float>(z.size(), 2), std::vector<float>(z.size(), 2), {},
                 nullptr, code);
    ASSERT_EQ(code.size(), 1);
    EXPECT_TRUE(std::isnan(code.view().values[0]));
  }
}

TEST(UnitSelection, above_bounds_and_thresholds) {
  std::vector<float> z(37, -5);
  z[3] = 0.5F;
  z[20] = 1.5F;
  z[36] = 2.5F;
  const std::vector<float> bias(z.size(), 0.5F);
  SparseCode code;
  code.clear(37);
  select_above(z, bias, std::vector<float>(z.size(), 1), std::vector<float>(z.size(), 2), {},
               nullptr, code);
  const SparseRows rows = code.view();
  EXPECT_EQ(std::vector<std::int32_t>(rows.columns.begin(), rows.columns.end()),
            std::vector<std::int32_t>({20, 36}));
  EXPECT_EQ(std::vector<float>(rows.values.begin(), rows.values.end()), std::vector<float>({0, 3}));
  EXPECT_EQ(code.pre_activations()[0], 2);
}

}  // namespace
}  // namespace hourglass
