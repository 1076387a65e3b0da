#include "model/unit_divergences.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/random.hpp"
#include "model/penalty.hpp"

namespace hourglass {
namespace {

constexpr Index rows = 7;
constexpr Index units = 3;

std::vector<float> posterior() {
  std::vector<float> values;
  const CounterRandom random(3, Purpose::generation);
  for (std::uint64_t i = 0; i < rows * 2 * units; ++i)
    values.push_back(4 * uniform_unit(random.bits(i, 0, 0)[0]) - 2);
  return values;
}

TEST(UnitDivergences, are_means_over_samples) {
  const std::vector<float> values = posterior();
  UnitDivergences sums(units);
  sums.add({values.data(), rows, 2 * units}, {});
  const auto means = sums.means(rows);
  ASSERT_EQ(means.size(), std::size_t{units});
  for (std::size_t j = 0; j < units; ++j) {
    double expected = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      const double mean = values[r * 2 * units + j];
      const double log_variance = values[r * 2 * units + units + j];
      expected += (mean * mean + std::exp(log_variance) - 1 - log_variance) / 2 / rows;
    }
    EXPECT_NEAR(means[j], expected, 1e-6) << j;
  }
  EXPECT_DOUBLE_EQ(total_divergence(means), means[0] + means[1] + means[2]);
}

TEST(UnitDivergences, leave_out_what_stands_behind_the_code) {
  const std::vector<float> values = posterior();
  UnitDivergences all(units);
  all.add({values.data(), rows, 2 * units}, {});
  UnitDivergences code(units - 1);
  code.add({values.data(), rows, 2 * units}, {});
  std::vector<double> expected = all.means(rows);
  expected.pop_back();
  EXPECT_EQ(code.means(rows), expected);
}

TEST(UnitDivergences, do_not_depend_on_the_grouping_of_samples) {
  const std::vector<float> values = posterior();
  UnitDivergences whole(units);
  whole.add({values.data(), rows, 2 * units}, {});
  UnitDivergences last(units);
  last.add({values.data() + 4 * 2 * units, 3, 2 * units}, {});
  UnitDivergences parts;
  EXPECT_TRUE(parts.empty());
  parts.add(last);
  UnitDivergences first(units);
  first.add({values.data(), 4, 2 * units}, {});
  parts.add(first);
  EXPECT_EQ(parts.means(1), whole.means(1));
  parts.clear();
  EXPECT_EQ(parts.means(1), std::vector<double>(units, 0.0));
}

TEST(UnitDivergences, samples_have_weights) {
  const std::vector<float> values = posterior();
  const std::vector<float> table = {0, 2, 0, 0.5F, 0, 0, 0};
  UnitDivergences sums(units);
  sums.add({values.data(), rows, 2 * units}, {table, {}});
  const double expected =
      2 * unit_divergence(values[6], values[9]) + 0.5 * unit_divergence(values[18], values[21]);
  EXPECT_NEAR(sums.means(1)[0], expected, 1e-5);
}

TEST(UnitDivergences, of_diverged_posteriors_stay_in_range) {
  const std::vector<float> values = {1e30F, std::nanf(""), 0, 0, 0, 1e30F};
  UnitDivergences sums(units);
  for (Index i = 0; i < 1000; ++i) sums.add({values.data(), 1, 2 * units}, {});
  EXPECT_EQ(sums.means(1000), (std::vector<double>{4096, 4096, 4096}));
}

TEST(UnitDivergences, used_units_exceed_the_threshold) {
  EXPECT_EQ(count_used_units(std::vector<double>{0, 0.01, 0.0101, 5}), 2);
  EXPECT_EQ(count_used_units({}), 0);
}

}  // namespace
}  // namespace hourglass
