// Sources of rows that overlap: windows of series, which are held once.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "data/delivery.hpp"
#include "data/sample_source.hpp"
#include "support/hdf5_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using Source = std::unique_ptr<SampleSource>;

class OverlappingRows : public testing::Test {
 protected:
  Index draw(Index low, Index high) {
    return std::uniform_int_distribution<Index>(low, high)(random_);
  }

  /// A list of series of random lengths, and its windows written out.
  void make(Index length, Index stride, Index channels) {
    const Index count = draw(1, 4);
    std::vector<float> windows;
    series_.file.clear();
    hsize_t written = 0;
    for (Index n = 0; n < count; ++n) {
      const Index rows = n == 0 ? draw(length, 200) : draw(1, 90);
      std::vector<float> values;
      for (Index i = 0; i < rows * channels; ++i)
        values.push_back(std::normal_distribution<float>(1, 4)(random_));
      const auto address =
          write_dataset(folder_.file("s" + std::to_string(n) + ".h5"),
                        {static_cast<hsize_t>(rows), static_cast<hsize_t>(channels)}, values,
                        static_cast<hsize_t>(draw(0, 1) * std::min<Index>(16, rows)));
      series_.file += (n == 0 ? "" : ",") + address.file;
      for (Index begin = 0; begin + length <= rows; begin += stride, ++written) {
        windows.insert(windows.end(), values.begin() + begin * channels,
                       values.begin() + (begin + length) * channels);
      }
    }
    series_.path = "/x";
    series_.options.views.window = length;
    series_.options.views.stride = stride;
    written_ = write_dataset(folder_.file("written.h5"),
                             {written, static_cast<hsize_t>(length * channels)}, windows);
  }

  TemporaryFolder folder_;
  std::mt19937_64 random_{5};
  DatasetAddress series_;
  DatasetAddress written_;
};

TEST_F(OverlappingRows, are_delivered_as_rows_written_out) {
  for (int i = 0; i < 60; ++i) {
    SCOPED_TRACE(i);
    const Index length = draw(1, 24);
    const Index stride = draw(1, 1 + length);
    make(length, stride, draw(1, 5));
    const DatasetReader reader(series_);
    const DatasetReader written(written_);
    ASSERT_EQ(reader.info().rows(), written.info().rows());
    const Index features = written.info().features();
    const Index shards = draw(1, 5);
    const ShardPlan plan(reader.info().rows(), shards, draw(1, 9));
    const Range mine = even_part(shards, draw(1, 2), 0);
    const SampleSourceSettings settings{
        plan, mine.empty() ? Range{0, 1} : mine, {3, draw(1, 12), draw(1, 9)}, {}};
    const std::vector<Source> sources = [&] {
      std::vector<Source> all;
      all.push_back(make_memory_source(written, settings));
      all.push_back(make_memory_source(reader, settings));
      all.push_back(make_streaming_source(DatasetReader(reader.info().address), settings));
      return all;
    }();
    EXPECT_EQ(sources[1]->bytes(), memory_bytes(reader.info(), settings));
    EXPECT_EQ(sources[2]->bytes(), streaming_bytes(reader.info(), settings));
    EXPECT_LE(sources[1]->bytes(), sources[0]->bytes());
    for (const std::uint32_t epoch : {0U, 3U}) {
      for (const Source& source : sources) source->begin_epoch(epoch, 0);
      for (Index step = 0; step < plan.steps_per_epoch(); ++step) {
        for (Index shard = settings.shards.begin; shard < settings.shards.end; ++shard) {
          const Delivery expected = gather(*sources[0], settings, features, shard, step);
          ASSERT_EQ(gather(*sources[1], settings, features, shard, step), expected);
          ASSERT_EQ(gather(*sources[2], settings, features, shard, step), expected);
        }
      }
    }
  }
}

TEST_F(OverlappingRows, are_held_once) {
  std::vector<float> values(10000);
  DatasetAddress address = write_dataset(folder_.file("long.h5"), {10000, 1}, values);
  address.options.views.window = 100;
  const DatasetInfo info = DatasetReader(address).info();
  const SampleSourceSettings settings{ShardPlan(info.rows(), 2, 32), {0, 2}, {1, 32, 64}, {}};
  EXPECT_EQ(memory_bytes(info, settings), 10000 * 4 + 9901 * 8);
  // Two windows of 64 blocks of 32 rows, each of 131 steps at most, and at most a shard's steps.
  EXPECT_LE(streaming_bytes(info, settings), 2 * 2 * (5050 * 4 + 2048 * 16));
}

}  // namespace
}  // namespace hourglass
