#include "data/row_correlation.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include "support/hdf5_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

constexpr std::size_t rows = 20000;

// Rows in runs of `run` near-duplicates.
RowCorrelation of_runs(std::size_t run) {
  const TemporaryFolder folder;
  std::mt19937_64 random(4);
  std::normal_distribution<float> normal;
  std::vector<float> values;
  std::vector<float> centre(4);
  for (std::size_t r = 0; r < rows; ++r) {
    if (r % run == 0) {
      for (float& x : centre) x = normal(random);
    }
    for (const float x : centre) values.push_back(x + 0.01F * normal(random));
  }
  const DatasetReader reader(write_dataset<float>(folder.file("x.h5"), {rows, 4}, values));
  return row_correlation(reader, RowSample(reader), {});
}

TEST(RowCorrelation, random_order_has_none) {
  const RowCorrelation found = of_runs(1);
  EXPECT_EQ(found.length, 1);
  EXPECT_GT(found.neighbour_distance, 0.8);
}

TEST(RowCorrelation, runs_are_measured_to_a_power_of_four) {
  for (const auto& [run, least, most] : {std::array<Index, 3>{8, 4, 16}, {1024, 256, 1024}}) {
    const RowCorrelation found = of_runs(static_cast<std::size_t>(run));
    EXPECT_LT(found.neighbour_distance, 0.3);
    EXPECT_GE(found.length, least) << run;
    EXPECT_LE(found.length, most) << run;
  }
}

TEST(RowCorrelation, of_few_or_equal_rows_is_none) {
  const TemporaryFolder folder;
  const DatasetReader few(write_dataset<float>(folder.file("a.h5"), {3, 1}, {1, 2, 3}));
  EXPECT_EQ(row_correlation(few, RowSample(few), {}).length, 1);
  const DatasetReader equal(
      write_dataset<float>(folder.file("b.h5"), {500, 1}, std::vector<float>(500, 7)));
  EXPECT_EQ(row_correlation(equal, RowSample(equal), {}).length, 1);
}

}  // namespace
}  // namespace hourglass
