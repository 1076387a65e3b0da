#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "analysis/window_means.hpp"
#include "support/hdf5_files.hpp"
#include "support/shared_folder.hpp"

namespace hourglass {
namespace {

// Values of a window that depend on all of it and on the place in it.
void values_of(std::span<const float> window, Index length, std::vector<double>& values) {
  double sum = 0;
  for (const float x : window) sum += static_cast<double>(x);
  for (Index t = 0; t < length; ++t) {
    for (const double factor : {1.0, -0.1})
      values.push_back(factor * sum * static_cast<double>(t + 1) +
                       window[static_cast<std::size_t>(t)]);
  }
}

TEST(AverageOverWindows, is_the_mean_in_order_whatever_the_ranks) {
  const auto world = Communicator::world();
  const io_test::SharedFolder folder(world);
  const std::vector<Index> lengths = {50, 3, 23, 7, 1, 40};
  std::vector<std::vector<float>> series;
  std::string list;
  float value = 0.37F;
  for (std::size_t s = 0; s < lengths.size(); ++s) {
    std::vector<float> values;
    for (Index t = 0; t < lengths[s]; ++t) {
      value = 3.7F * value * (1 - value);
      values.push_back(value);
    }
    const std::string path = folder.file("s" + std::to_string(s) + ".h5");
    if (world.is_root()) (void)write_dataset(path, {static_cast<hsize_t>(lengths[s])}, values);
    list += (s == 0 ? "" : ",") + path;
    series.push_back(std::move(values));
  }
  world.barrier();
  for (const auto& [length, stride, micro_batch] : {std::tuple<Index, Index, Index>{7, 1, 4},
                                                    {7, 3, 5},
                                                    {5, 5, 2},
                                                    {4, 9, 3},
                                                    {40, 1, 100},
                                                    {1, 1, 6}}) {
    SCOPED_TRACE(std::to_string(length) + " by " + std::to_string(stride));
    // The slow reference: every window after the other.
    constexpr Index width = 2;
    std::vector<double> sums(124 * width);
    std::vector<double> counts(124);
    Index begin = 0;
    for (const auto& values : series) {
      const auto rows = static_cast<Index>(values.size());
      for (Index first = 0; first + length <= rows; first += stride) {
        std::vector<double> own;
        values_of(std::span(values).subspan(static_cast<std::size_t>(first),
                                            static_cast<std::size_t>(length)),
                  length, own);
        for (Index t = 0; t < length; ++t) {
          const auto step = static_cast<std::size_t>(begin + first + t);
          for (std::size_t k = 0; k < width; ++k)
            sums[step * width + k] += own[static_cast<std::size_t>(t) * width + k];
          counts[step] += 1;
        }
      }
      begin += rows;
    }
    DatasetAddress address = parse_address(list + ":/x");
    address.options.views.window = length;
    address.options.views.stride = stride;
    const DatasetReader reader(address);
    ASSERT_EQ(reader.time_steps(), 124);
    for (const Index threads : {1, 3}) {
      WorkerPool pool(threads);
      const auto compute = [&, length = length](Index, Range, ConstMatrix x,
                                                std::span<double> target) {
        std::vector<double> all;
        for (Index r = 0; r < x.rows; ++r) values_of(x.row(r), length, all);
        ASSERT_EQ(all.size(), target.size());
        std::ranges::copy(all, target.begin());
      };
      std::int64_t seen = 0;
      Index next = -1;
      average_over_windows(world, reader, {}, micro_batch, pool, {width, compute},
                           [&](Range steps, std::span<const double> means) {
                             if (next >= 0) {
                               EXPECT_EQ(steps.begin, next);
                             }
                             next = steps.end;
                             seen += steps.size();
                             ASSERT_EQ(static_cast<Index>(means.size()), steps.size() * width);
                             for (Index i = 0; i < steps.size() * width; ++i) {
                               const auto place = static_cast<std::size_t>(steps.begin * width + i);
                               const double count = counts[place / width];
                               const double mean = means[static_cast<std::size_t>(i)];
                               if (count == 0) {
                                 EXPECT_TRUE(std::isnan(mean));
                               } else {
                                 EXPECT_EQ(mean, sums[place] / count) << place;
                               }
                             }
                           });
      world.sum(std::span(&seen, 1));
      EXPECT_EQ(seen, 124);
    }
  }
}

}  // namespace
}  // namespace hourglass
