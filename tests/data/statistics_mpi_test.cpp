#include "data/statistics.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "data/transformed_statistics.hpp"
#include "hourglass/core/error.hpp"
#include "support/hdf5_files.hpp"
#include "support/shared_file.hpp"

namespace hourglass {
namespace {

template <class T>
std::vector<T> random_values(std::size_t count, double mean, double deviation, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(mean, deviation);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(normal(random));
  return values;
}

/// By the definition, in extended precision.
template <class T>
void expect_near_definition(const FeatureStatistics& got, const std::vector<T>& values,
                            std::size_t rows, double tolerance) {
  const std::size_t features = values.size() / rows;
  ASSERT_EQ(got.mean.size(), features);
  for (std::size_t c = 0; c < features; ++c) {
    long double sum = 0;
    for (std::size_t r = 0; r < rows; ++r)
      sum += static_cast<long double>(values[r * features + c]);
    const long double mean = sum / static_cast<long double>(rows);
    long double squares = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      const long double distance = static_cast<long double>(values[r * features + c]) - mean;
      squares += distance * distance;
    }
    const auto deviation = static_cast<double>(std::sqrt(squares / static_cast<long double>(rows)));
    EXPECT_NEAR(got.mean[c], static_cast<double>(mean),
                tolerance * (deviation + std::fabs(static_cast<double>(mean)) * 1e-3));
    EXPECT_NEAR(got.deviation[c], deviation, tolerance * deviation);
  }
}

bool same_bits(const FeatureStatistics& a, const FeatureStatistics& b) {
  return std::memcmp(a.mean.data(), b.mean.data(), a.mean.size() * sizeof(double)) == 0 &&
         std::memcmp(a.deviation.data(), b.deviation.data(), a.deviation.size() * sizeof(double)) ==
             0;
}

TEST(FeatureStatistics, equal_the_definition_and_the_same_bits_on_any_number_of_ranks) {
  const auto world = Communicator::world();
  const auto check = [&](const auto& values, std::size_t rows, double tolerance) {
    const SharedFile file(world, {rows, values.size() / rows}, values);
    const DatasetReader reader = file.reader();
    const FeatureStatistics together = feature_statistics(world, reader);
    expect_near_definition(together, values, rows, tolerance);
    // One rank alone must come to the same bits: so must any other number.
    EXPECT_TRUE(same_bits(together, feature_statistics(Communicator::self(), reader)));
  };
  check(random_values<float>(2503 * 7, 3, 2, 1), 2503, 1e-12);
  check(random_values<std::uint8_t>(999 * 5, 128, 20, 2), 999, 1e-12);
  check(random_values<std::int16_t>(1 * 5, 0, 1000, 3), 1, 1e-12);
  check(random_values<double>(3 * 2, 0, 1, 4), 3, 1e-12);
  // Sums of squares would lose everything here.
  check(random_values<double>(5000 * 2, 1e9, 1, 5), 5000, 1e-6);
}

TEST(FeatureStatistics, of_many_rows_some_are_enough) {
  const auto world = Communicator::world();
  const auto values = random_values<float>(5000 * 2, 3, 2, 8);
  const SharedFile file(world, {5000, 2}, values);
  const DatasetReader reader = file.reader();
  const FeatureStatistics all = feature_statistics(world, reader);
  EXPECT_TRUE(same_bits(all, feature_statistics(world, reader, {}, 5000)));
  const FeatureStatistics some = feature_statistics(world, reader, {}, 2000);
  EXPECT_TRUE(same_bits(some, feature_statistics(Communicator::self(), reader, {}, 2000)));
  EXPECT_FALSE(same_bits(some, all));
  EXPECT_NEAR(some.mean[1], all.mean[1], 0.1);
  EXPECT_NEAR(some.deviation[1], all.deviation[1], 0.1);
}

TEST(InputTransform, unit_mean_square_is_one_factor_for_all_features) {
  const auto world = Communicator::world();
  std::vector<float> values = random_values<float>(3000 * 2, 0, 1, 9);
  for (std::size_t i = 0; i < values.size(); i += 2) values[i] = 7 + 3 * values[i];
  const SharedFile file(world, {3000, 2}, values);
  const InputTransform transform =
      input_transform(world, file.reader(), Normalize::unit_mean_square);
  EXPECT_TRUE(transform.mean.empty());
  EXPECT_NEAR(transform.divisor, std::sqrt((9 + 1) / 2.0), 0.1);
  const FeatureStatistics statistics = feature_statistics(world, file.reader());
  EXPECT_NEAR(total_variance(statistics, transform), 2, 1e-9);
  const double second = statistics.deviation[1] / transform.divisor;
  EXPECT_NEAR(total_variance(statistics, transform, 1), second * second, 1e-9);
  const auto mean = transformed_mean(statistics, transform);
  EXPECT_NEAR(mean[0], statistics.mean[0] / transform.divisor, 1e-5);
  const InputTransform standard = input_transform(world, file.reader(), Normalize::standardize);
  EXPECT_NEAR(total_variance(statistics, standard), 2, 1e-5);
  EXPECT_NEAR(transformed_mean(statistics, standard)[0], 0, 1e-6);
  const SharedFile constant(world, {30, 2}, std::vector<float>(60, 4.0F));
  EXPECT_EQ(input_transform(world, constant.reader(), Normalize::unit_mean_square).divisor, 1);
}

TEST(FeatureStatistics, many_features_are_gathered_in_slabs) {
  const auto world = Communicator::world();
  const auto values =
      random_values<float>(1024 * 1500, 1, 1, 6);  // 1024 parts: slabs of 1024 features
  const SharedFile file(world, {1024, 1500}, values);
  expect_near_definition(feature_statistics(world, file.reader()), values, 1024, 1e-12);
}

TEST(FeatureStatistics, parts_of_several_blocks_are_merged) {
  const auto world = Communicator::world();
  // Rows so long that one is a block and only 16 parts are made: 2 or 3 rows a part.
  const std::size_t features = 1 << 18;
  std::vector<std::uint8_t> values(features * 40);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<std::uint8_t>((i % features) * 7 + (i / features) * 3);
  const SharedFile file(world, {40, features}, values);
  const FeatureStatistics got = feature_statistics(world, file.reader());
  for (const std::size_t c : {std::size_t{0}, std::size_t{77}, features - 1}) {
    double sum = 0;
    double squares = 0;
    for (std::size_t r = 0; r < 40; ++r) {
      sum += values[r * features + c];
      squares += static_cast<double>(values[r * features + c]) * values[r * features + c];
    }
    EXPECT_NEAR(got.mean[c], sum / 40, 1e-10);
    EXPECT_NEAR(got.deviation[c], std::sqrt(squares / 40 - sum / 40 * (sum / 40)), 1e-8);
  }
}

TEST(FeatureStatistics, constant_features_have_no_deviation_at_all) {
  const auto world = Communicator::world();
  const double constant = 0.1 + 1e7;
  const SharedFile file(world, {2000, 2}, std::vector<double>(4000, constant));
  const FeatureStatistics got = feature_statistics(world, file.reader());
  EXPECT_EQ(got.mean[0], constant);
  EXPECT_EQ(got.deviation[0], 0);
  const InputTransform transform = input_transform(world, file.reader(), Normalize::standardize);
  EXPECT_EQ(transform.inverse_deviation, (std::vector<float>{1, 1}));
}

TEST(FeatureStatistics, a_nan_on_any_rank_is_an_error_on_all) {
  const auto world = Communicator::world();
  auto values = random_values<float>(1000 * 3, 0, 1, 7);
  values[900 * 3 + 2] = std::numeric_limits<float>::quiet_NaN();
  const SharedFile file(world, {1000, 3}, values);
  try {
    (void)feature_statistics(world, file.reader());
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::data);
    EXPECT_NE(std::string(error.what()).find("row 900 holds a NaN (feature 2)"), std::string::npos)
        << error.what();
  }
}

TEST(InputTransform, standardized_features_have_mean_0_and_deviation_1) {
  const auto world = Communicator::world();
  const auto values = random_values<float>(4000 * 3, -20, 7, 8);
  const SharedFile file(world, {4000, 3}, values);
  const InputTransform transform = input_transform(world, file.reader(), Normalize::standardize);
  EXPECT_EQ(transform.divisor, 1);
  double sum = 0;
  double squares = 0;
  for (std::size_t r = 0; r < 4000; ++r) {
    std::vector<float> row(3);
    convert_row(ElementType::f32, reinterpret_cast<const std::byte*>(values.data() + r * 3),
                transform, row);
    sum += row[1];
    squares += static_cast<double>(row[1]) * row[1];
  }
  EXPECT_NEAR(sum / 4000, 0, 1e-5);
  EXPECT_NEAR(squares / 4000, 1, 1e-5);
}

TEST(InputTransform, other_normalizations_only_divide) {
  const auto world = Communicator::world();
  const SharedFile file(world, {10, 3}, std::vector<std::uint16_t>(30, 5));
  EXPECT_EQ(input_transform(world, file.reader(), Normalize::automatic).divisor, 65535);
  EXPECT_EQ(input_transform(world, file.reader(), Normalize::unit).divisor, 65535);
  EXPECT_EQ(input_transform(world, file.reader(), Normalize::none).divisor, 1);
  EXPECT_TRUE(input_transform(world, file.reader(), Normalize::automatic).mean.empty());
}

// Standardized as in double, by the definition.
TEST(InputTransform, a_mean_that_single_precision_cannot_hold_is_kept_in_double) {
  const auto world = Communicator::world();
  constexpr std::size_t rows = 1000;
  const auto times = random_values<double>(rows, 1.7e9 + 50, 10, 9);
  const auto small = random_values<double>(rows, 2, 0.5, 10);
  std::vector<double> values;
  for (std::size_t r = 0; r < rows; ++r) {
    for (const double value : {0.1, times[r], small[r]}) values.push_back(value);
  }
  const SharedFile file(world, {rows, 3}, values);
  FeatureStatistics statistics;
  const InputTransform transform =
      input_transform(world, file.reader(), Normalize::standardize, {}, &statistics);
  EXPECT_EQ(transform.exact_mean, statistics.mean);
  std::vector<float> row(3);
  for (std::size_t r = 0; r < rows; ++r) {
    convert_row(ElementType::f64, reinterpret_cast<const std::byte*>(values.data() + r * 3),
                transform, row);
    EXPECT_EQ(row[0], 0.0F) << "a constant";
    for (const std::size_t c : {1U, 2U}) {
      EXPECT_NEAR(row[c], (values[r * 3 + c] - statistics.mean[c]) / statistics.deviation[c], 1e-6);
    }
  }
}

TEST(InputTransform, single_precision_stays_where_it_is_good_enough) {
  const auto world = Communicator::world();
  const SharedFile file(world, {1000, 2}, random_values<double>(2000, 1e5, 1, 11));
  EXPECT_TRUE(input_transform(world, file.reader(), Normalize::standardize).exact_mean.empty());
}

TEST(InputTransform, what_is_left_of_a_constant_counts_as_one) {
  const auto world = Communicator::world();
  const auto values = random_values<double>(1000 * 2, 0, 1, 12);
  std::vector<double> mixed = values;
  std::vector<double> tiny = values;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i % 2 == 1) mixed[i] *= 1e-12;
    tiny[i] *= 1e-12;
  }
  const SharedFile file(world, {1000, 2}, mixed);
  EXPECT_EQ(input_transform(world, file.reader(), Normalize::standardize).inverse_deviation[1], 1);
  const SharedFile other(world, {1000, 2}, tiny);
  const auto all = input_transform(world, other.reader(), Normalize::standardize);
  EXPECT_GT(all.inverse_deviation[0], 1e11F) << "all of them in a large unit: measurements";
}

TEST(CountsAsConstant, is_relative_to_the_mean_and_to_the_other_features) {
  EXPECT_TRUE(counts_as_constant(0, 0, 1));
  EXPECT_TRUE(counts_as_constant(0.3, 5e-17, 1)) << "rounding errors";
  EXPECT_FALSE(counts_as_constant(0.3, 1e-9, 1));
  EXPECT_FALSE(counts_as_constant(1.7e9, 1e-3, 1));
  EXPECT_TRUE(counts_as_constant(0, 1e-12, 1));
  EXPECT_FALSE(counts_as_constant(0, 1e-12, 1e-11));
  EXPECT_FALSE(counts_as_constant(0, 1e-3, 1e12)) << "large beside small is usual";
  EXPECT_TRUE(counts_as_constant(0, 1e-39, 1e-39)) << "no float is its inverse";
}

}  // namespace
}  // namespace hourglass
