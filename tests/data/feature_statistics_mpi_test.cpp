// Statistics of features of which some elements are missing.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <unistd.h>

#include "data/statistics.hpp"
#include "support/hdf5_files.hpp"
#include "support/shared_file.hpp"

namespace hourglass {
namespace {

constexpr std::size_t rows = 2500;
constexpr std::size_t features = 7;
const MissingValues masked{Missing::mask, {-999}, {}};

/// Feature c has every (c + 1)th row; the last feature none.
bool is_there(std::size_t r, std::size_t c) { return c + 1 < features && r % (c + 1) == 0; }

template <class T>
std::vector<T> values_with(T missing) {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal(20, 5);
  std::vector<T> values(rows * features);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto value = static_cast<T>(normal(random));
    values[i] = is_there(i / features, i % features) ? value : missing;
  }
  return values;
}

template <class T>
void expect_near_definition(T missing) {
  const auto world = Communicator::world();
  const std::vector<T> values = values_with<T>(missing);
  const SharedFile file(world, {rows, features}, values);
  const FeatureStatistics got = feature_statistics(world, file.reader(), masked);
  const FeatureStatistics alone = feature_statistics(Communicator::self(), file.reader(), masked);
  EXPECT_EQ(got.mean, alone.mean) << "the bits depend on the ranks";
  EXPECT_EQ(got.deviation, alone.deviation);
  EXPECT_EQ(got.count, alone.count);
  for (std::size_t c = 0; c < features; ++c) {
    double sum = 0;
    double squares = 0;
    Index count = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      if (!is_there(r, c)) continue;
      const auto value = static_cast<double>(values[r * features + c]);
      sum += value;
      squares += value * value;
      ++count;
    }
    EXPECT_EQ(got.count[c], count);
    const double mean = count == 0 ? 0 : sum / static_cast<double>(count);
    EXPECT_NEAR(got.mean[c], mean, 1e-9);
    const double variance = count == 0 ? 0 : squares / static_cast<double>(count) - mean * mean;
    EXPECT_NEAR(got.deviation[c], std::sqrt(variance), 1e-6);
  }
  const InputTransform transform =
      input_transform(world, file.reader(), Normalize::standardize, masked);
  EXPECT_EQ(transform.mean.back(), 0) << "a feature that is nowhere is constant";
  EXPECT_EQ(transform.inverse_deviation.back(), 1);
  EXPECT_TRUE(missing_means(world, file.reader(), Normalize::standardize, masked).empty());
  const auto means = missing_means(world, file.reader(), Normalize::none, masked);
  ASSERT_EQ(means.size(), features);
  EXPECT_EQ(means[1], static_cast<float>(got.mean[1]));
}

TEST(FeatureStatistics, leave_out_what_is_missing) {
  expect_near_definition<float>(std::numeric_limits<float>::quiet_NaN());
  expect_near_definition<double>(-999);
  expect_near_definition<std::int16_t>(-999);
}

TEST(FeatureStatistics, with_nothing_missing_have_the_same_bits) {
  const auto world = Communicator::world();
  std::vector<float> values = values_with<float>(1);
  const SharedFile file(world, {rows, features}, values);
  const FeatureStatistics plain = feature_statistics(world, file.reader());
  const FeatureStatistics counted = feature_statistics(world, file.reader(), masked);
  EXPECT_EQ(plain.mean, counted.mean);
  EXPECT_EQ(plain.deviation, counted.deviation);
  EXPECT_EQ(counted.count, std::vector<Index>(features, rows));
}

}  // namespace
}  // namespace hourglass
