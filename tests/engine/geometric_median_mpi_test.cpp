#include "engine/geometric_median.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "core/random.hpp"
#include "support/hdf5_files.hpp"
#include "support/shared_folder.hpp"

namespace hourglass {
namespace {

constexpr Index rows = 147;  // the last block is short
constexpr Index features = 3;

// Most samples lie about (1, -2, 5), a few far away.
std::vector<float> samples() {
  std::vector<float> values;
  const CounterRandom random(3, Purpose::generation);
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < features; ++c) {
      const float noise = uniform_unit(
          random.bits(static_cast<std::uint64_t>(r), 0, static_cast<std::uint32_t>(c))[0]);
      values.push_back(std::array{1.0F, -2.0F, 5.0F}[static_cast<std::size_t>(c)] + noise +
                       (r % 20 == 0 ? 300.0F : 0.0F));
    }
  }
  return values;
}

double mean_distance(const std::vector<float>& values, const std::vector<double>& m) {
  double sum = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    double squares = 0;
    for (std::size_t c = 0; c < features; ++c)
      squares += std::pow(static_cast<double>(values[r * features + c]) - m[c], 2);
    sum += std::sqrt(squares);
  }
  return sum / rows;
}

TEST(GeometricMedian, is_where_the_mean_distance_is_least_on_any_number_of_ranks) {
  const Communicator world = Communicator::world();
  const io_test::SharedFolder folder(world);
  const std::vector<float> values = samples();
  if (world.is_root()) write_dataset<float>(folder.file("x.h5"), {rows, features}, values);
  world.barrier();
  const DatasetReader reader({folder.file("x.h5"), "/x"});
  const std::vector<float> start = {16, 13, 20};
  WorkerPool pool(2);
  const auto median = geometric_median(world, reader, {}, start, 100, 1, pool);
  WorkerPool one(1);
  const auto alone = geometric_median(Communicator::self(), reader, {}, start, 100, 1, one);
  EXPECT_EQ(std::memcmp(median.data(), alone.data(), features * sizeof(float)), 0);
  const std::vector<double> at(median.begin(), median.end());
  EXPECT_LT(std::fabs(at[0] - 1.5), 0.2) << "outliers move the mean by 16";
  const double least = mean_distance(values, at);
  for (std::size_t c = 0; c < features; ++c) {
    for (const double step : {-0.01, 0.01}) {
      std::vector<double> beside = at;
      beside[c] += step;
      EXPECT_GT(mean_distance(values, beside), least);
    }
  }
}

TEST(SampledBlocks, are_all_rows_or_blocks_spread_over_them) {
  Index next = 0;
  for (const Range& block : sampled_blocks(100, 1000, 1)) {
    EXPECT_EQ(block.begin, next);
    next = block.end;
  }
  EXPECT_EQ(next, 100);
  const auto some = sampled_blocks(100'003, 160, 1);
  ASSERT_EQ(some.size(), 10U);
  for (std::size_t b = 0; b < some.size(); ++b) {
    EXPECT_EQ(some[b].begin % 16, 0);
    EXPECT_EQ(some[b].begin / 10'016, static_cast<Index>(b)) << "one in each tenth";
  }
  EXPECT_NE(some, sampled_blocks(100'003, 160, 2));
}

}  // namespace
}  // namespace hourglass
