#include "data/weighted_statistics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "support/hdf5_files.hpp"
#include "support/shared_folder.hpp"

namespace hourglass {
namespace {

TEST(WeightedStatistics, are_those_of_repeated_rows) {
  const auto world = Communicator::world();
  const io_test::SharedFolder folder(world);
  std::mt19937_64 random(3);
  constexpr Index rows = 700;
  constexpr Index features = 3;
  std::vector<double> values;
  std::vector<float> weights;
  std::normal_distribution<double> normal(1e6, 2);
  for (Index r = 0; r < rows; ++r) {
    weights.push_back(static_cast<float>(random() % 4));
    values.push_back(normal(random));
    values.push_back(0.1);
    values.push_back(static_cast<double>(r));
  }
  const std::string path = folder.file("x.h5");
  if (world.is_root()) (void)write_dataset(path, {rows, features}, values);
  world.barrier();
  const DatasetReader reader({path, "/x"});
  const FeatureStatistics found = weighted_statistics(world, reader, weights);
  for (std::size_t c = 0; c < features; ++c) {
    long double count = 0;
    long double sum = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      count += weights[r];
      sum += static_cast<long double>(weights[r]) * values[r * features + c];
    }
    const long double mean = sum / count;
    long double squares = 0;
    for (std::size_t r = 0; r < rows; ++r) {
      const long double distance = values[r * features + c] - mean;
      squares += static_cast<long double>(weights[r]) * distance * distance;
    }
    EXPECT_NEAR(found.mean[c], static_cast<double>(mean), 1e-12 * std::fabs(found.mean[c]));
    const auto deviation = static_cast<double>(std::sqrt(squares / count));
    EXPECT_NEAR(found.deviation[c], deviation, 1e-12 + 1e-9 * deviation);
  }
  EXPECT_EQ(found.deviation[1], 0);
  EXPECT_EQ(found.mean[1], 0.1);
  // The same bits as on one rank.
  const FeatureStatistics alone = weighted_statistics(Communicator::self(), reader, weights);
  EXPECT_EQ(found.mean, alone.mean);
  EXPECT_EQ(found.deviation, alone.deviation);
}

}  // namespace
}  // namespace hourglass
