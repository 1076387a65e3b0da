// Sources of sparse rows, in memory and streamed: the bits of the same numbers stored dense.
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "data/delivery.hpp"
#include "data/sample_source.hpp"
#include "support/expect_error.hpp"
#include "support/sparse_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

class SparseRowsOfSources : public testing::Test {
 protected:
  using Source = std::unique_ptr<SampleSource>;

  /// By gather_sparse.
  static Delivery gather_spread(SampleSource& source, const SampleSourceSettings& settings,
                                Index features, Index shard, Index step) {
    const Index rows = settings.plan.positions(shard, step).size();
    Delivery result{std::vector<float>(static_cast<std::size_t>(rows * features)),
                    std::vector<std::uint64_t>(static_cast<std::size_t>(rows))};
    batch_.clear(features);
    source.gather_sparse(shard, step, batch_, result.ids);
    spread(batch_.view(), Matrix(result.x.data(), rows, features));
    return result;
  }

  void expect_alike(const SparseExample& example, const SampleSourceSettings& settings,
                    bool sparse) {
    const Index features = example.columns;
    const DatasetAddress stored = write_sparse(folder_.file("s.h5"), example);
    const DatasetAddress dense = write_dataset(
        folder_.file("d.h5"), {static_cast<hsize_t>(example.rows), static_cast<hsize_t>(features)},
        example.dense());
    const Source expected = make_memory_source(DatasetReader(dense), settings);
    const DatasetReader reader(stored);
    std::vector<Source> sources;
    for (int i = 0; i < 2; ++i) {
      sources.push_back(make_memory_source(reader, settings));
      EXPECT_EQ(sources.back()->bytes(), memory_bytes(reader.info(), settings));
      sources.push_back(make_streaming_source(DatasetReader(stored), settings));
      EXPECT_EQ(sources.back()->bytes(), streaming_bytes(reader.info(), settings));
    }
    for (const std::uint32_t epoch : {0U, 2U}) {
      expected->begin_epoch(epoch, 0);
      for (const Source& source : sources) {
        EXPECT_EQ(source->sparse(), sparse);
        source->begin_epoch(epoch, 0);
      }
      for (Index step = 0; step < settings.plan.steps_per_epoch(); ++step) {
        for (Index shard = settings.shards.begin; shard < settings.shards.end; ++shard) {
          const Delivery wanted = gather(*expected, settings, features, shard, step);
          for (const std::size_t i : {0U, 1U})
            ASSERT_EQ(gather(*sources[i], settings, features, shard, step), wanted);
          for (const std::size_t i : {2U, 3U})
            ASSERT_EQ(gather_spread(*sources[i], settings, features, shard, step), wanted);
        }
      }
    }
  }

  TemporaryFolder folder_;
  static SparseBatch batch_;
};

SparseBatch SparseRowsOfSources::batch_;

TEST_F(SparseRowsOfSources, are_those_of_dense_storage) {
  SparseExample example = random_sparse(211, 19, 0.2, 3);
  const SampleSourceSettings settings{ShardPlan(211, 5, 4), {1, 4}, {9, 6, 3}, {}};
  expect_alike(example, settings, true);
  example.chunk = 50;
  expect_alike(example, settings, true);
  example.chunk = 5000;
  expect_alike(example, settings, true);
}

TEST_F(SparseRowsOfSources, are_standardized_like_dense_ones) {
  InputTransform transform;
  transform.mean.assign(19, 0.3F);
  transform.inverse_deviation.assign(19, 1.7F);
  expect_alike(random_sparse(60, 19, 0.2, 4), {ShardPlan(60, 2, 7), {0, 2}, {9, 6, 3}, transform},
               false);
}

TEST_F(SparseRowsOfSources, may_be_rows_and_columns_of_a_selection) {
  const SparseExample example = random_sparse(90, 12, 0.3, 5);
  DatasetAddress address = write_sparse(folder_.file("s.h5"), example);
  address.options.views.rows = "3:80:2,1";
  address.options.views.columns = "4:9,1";
  const DatasetReader reader(address);
  const SampleSourceSettings settings{ShardPlan(reader.info().rows(), 3, 5), {0, 3}, {1, 4, 2}, {}};
  const Source memory = make_memory_source(reader, settings);
  const Source streamed = make_streaming_source(DatasetReader(address), settings);
  EXPECT_TRUE(memory->sparse());
  EXPECT_LE(memory->bytes(), memory_bytes(reader.info(), settings));
  memory->begin_epoch(1, 0);
  streamed->begin_epoch(1, 0);
  std::vector<float> stored(static_cast<std::size_t>(reader.info().rows() * 6));
  reader.read_rows({0, reader.info().rows()}, std::as_writable_bytes(std::span(stored)));
  for (Index step = 0; step < settings.plan.steps_per_epoch(); ++step) {
    for (Index shard = 0; shard < 3; ++shard) {
      const Delivery wanted = gather(*memory, settings, 6, shard, step);
      EXPECT_EQ(gather_spread(*streamed, settings, 6, shard, step), wanted);
      for (std::size_t i = 0; i < wanted.ids.size(); ++i) {
        const auto row = stored.begin() + static_cast<std::ptrdiff_t>(wanted.ids[i] * 6);
        EXPECT_TRUE(
            std::equal(row, row + 6, wanted.x.begin() + static_cast<std::ptrdiff_t>(i * 6)));
      }
    }
  }
}

TEST_F(SparseRowsOfSources, take_memory_by_their_elements) {
  const SparseExample example = random_sparse(100, 1000, 0.01, 6);
  const DatasetInfo info = DatasetReader(write_sparse(folder_.file("s.h5"), example)).info();
  const SampleSourceSettings settings{ShardPlan(100, 2, 4), {0, 2}, {9, 4, 2}, {}};
  const Index entries = example.indptr.back();
  EXPECT_EQ(memory_bytes(info, settings), entries * 8 + 101 * 8 + 100 * 8);
  EXPECT_LT(streaming_bytes(info, settings), memory_bytes(info, settings) * 2);
}

TEST_F(SparseRowsOfSources, that_are_not_finite_are_named) {
  SparseExample example = random_sparse(50, 10, 0.5, 7);
  std::size_t row = 33;
  while (example.indptr[row] == example.indptr[row + 1]) ++row;
  const auto element = static_cast<std::size_t>(example.indptr[row]);
  example.data[element] = std::numeric_limits<float>::quiet_NaN();
  const DatasetAddress address = write_sparse(folder_.file("s.h5"), example);
  const SampleSourceSettings settings{ShardPlan(50, 1, 4), {0, 1}, {9, 4, 2}, {}};
  io_test::expect_error(
      ErrorKind::data,
      "row " + std::to_string(row) + " holds a NaN (feature " +
          std::to_string(example.indices[element]) + ")",
      [&] { static_cast<void>(make_memory_source(DatasetReader(address), settings)); });
}

}  // namespace
}  // namespace hourglass
