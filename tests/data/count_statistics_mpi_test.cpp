#include "data/count_statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "hdf5/dataset_writer.hpp"
#include "support/expect_error.hpp"
#include "support/shared_folder.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

constexpr Index rows = 23;
constexpr Index columns = 4;

// Counts: row 6 and column 2 have none.
std::vector<float> counts() {
  std::vector<float> values;
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < columns; ++c)
      values.push_back(r == 6 || c == 2 ? 0.0F : static_cast<float>((r * 7 + c * 3) % 11 + r));
  }
  return values;
}

DatasetReader written(const Communicator& world, const std::string& file,
                      const std::vector<float>& values) {
  const Range mine = even_part(rows, world.size(), world.rank());
  DatasetWriter writer(world, file, {{"/x", {rows, columns}, ElementType::f32, 0, 0, {}}});
  writer.write_rows(
      0, mine,
      std::as_bytes(std::span(values).subspan(static_cast<std::size_t>(mine.begin * columns),
                                              static_cast<std::size_t>(mine.size() * columns))));
  writer.commit();
  return DatasetReader(parse_address(file + ":/x"));
}

TEST(CountStatistics, are_exact_on_any_number_of_ranks) {
  const auto world = Communicator::world();
  const io_test::SharedFolder folder(world);
  const std::vector<float> values = counts();
  const CountStatistics found =
      count_statistics(world, written(world, folder.file("d.h5"), values));
  std::vector<double> libraries;
  for (Index r = 0; r < rows; ++r) {
    double sum = 0;
    for (Index c = 0; c < columns; ++c)
      sum += static_cast<double>(values[static_cast<std::size_t>(r * columns + c)]);
    if (sum > 0) libraries.push_back(sum);
  }
  std::ranges::sort(libraries);
  ASSERT_EQ(libraries.size(), 22U);
  EXPECT_EQ(found.median_library, (libraries[10] + libraries[11]) / 2);
  double mean = 0;
  for (const double library : libraries) mean += std::log(library) / 22;
  double variance = 0;
  for (const double library : libraries)
    variance += (std::log(library) - mean) * (std::log(library) - mean) / 22;
  EXPECT_NEAR(found.mean_log_library, mean, 1e-7);
  EXPECT_NEAR(found.log_library_deviation, std::sqrt(variance), 1e-6);
  // The same bits on one rank.
  const CountStatistics alone =
      count_statistics(Communicator::self(), DatasetReader(parse_address(folder.file("d.h5:/x"))));
  EXPECT_EQ(found.mean_log_library, alone.mean_log_library);
  EXPECT_EQ(found.log_library_deviation, alone.log_library_deviation);
  EXPECT_EQ(found.samples, rows);
  EXPECT_EQ(found.empty_samples, std::vector<Index>{6});
  EXPECT_EQ(found.empty_features, std::vector<Index>{2});
  world.barrier();
}

TEST(CountStatistics, name_what_is_not_a_count) {
  const auto world = Communicator::world();
  const io_test::SharedFolder folder(world);
  for (const float wrong : {-1.0F, 0.5F}) {
    std::vector<float> values = counts();
    values[static_cast<std::size_t>(17 * columns + 3)] = wrong;
    const DatasetReader reader =
        written(world, folder.file(wrong < 0 ? "negative.h5" : "fraction.h5"), values);
    expect_error(ErrorKind::data, "row 17 holds",
                 [&] { static_cast<void>(count_statistics(world, reader)); });
  }
  world.barrier();
}

TEST(CountStatistics, median_of_odd_and_even_numbers) {
  const auto world = Communicator::world();
  const auto median = [&](std::vector<double> all) {
    const Range mine = even_part(static_cast<Index>(all.size()), world.size(), world.rank());
    std::vector<double> values(all.begin() + mine.begin, all.begin() + mine.end);
    return median_over_ranks(world, values);
  };
  EXPECT_EQ(median({7}), 7);
  EXPECT_EQ(median({9, 1, 4}), 4);
  EXPECT_EQ(median({9, 1, 4, 2}), 3);
  EXPECT_EQ(median({5, 5, 5, 5, 1, 9}), 5);
  EXPECT_EQ(median({1, 9007199254740991.0, 9007199254740991.0}), 9007199254740991.0);
  EXPECT_EQ(median({}), 0);
}

TEST(CountStatistics, counts_are_whole_and_not_negative) {
  EXPECT_TRUE(are_counts(std::vector<float>{0, 1, 2, 1e6F}));
  EXPECT_FALSE(are_counts(std::vector<float>{0, 1.5F}));
  EXPECT_FALSE(are_counts(std::vector<float>{-1}));
  EXPECT_TRUE(are_counts({}));
}

}  // namespace
}  // namespace hourglass
