#include "data/sample_source.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <ctime>
#include <fstream>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "core/timer.hpp"
#include "data/delivery.hpp"
#include "hourglass/core/error.hpp"
#include "support/hdf5_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using Source = std::unique_ptr<SampleSource>;
using Maker = std::function<Source(const DatasetAddress&, const SampleSourceSettings&)>;

Source in_memory(const DatasetAddress& address, const SampleSourceSettings& settings) {
  return make_memory_source(DatasetReader(address), settings);
}
Source streamed(const DatasetAddress& address, const SampleSourceSettings& settings) {
  return make_streaming_source(DatasetReader(address), settings);
}
const std::vector<std::pair<const char*, Maker>> makers = {{"in memory", in_memory},
                                                           {"streamed", streamed}};

/// What a source must deliver, by the definitions: the shard's order of the epoch, then each row's
/// conversion.
template <class T>
Delivery expected(const std::vector<T>& values, const SampleSourceSettings& settings,
                  Index features, Index shard, std::uint32_t epoch, Index step) {
  const std::vector<Index> order =
      ShardOrder(settings.shuffle, shard, settings.plan.shard_rows(shard), epoch).rows();
  Delivery result;
  const Range positions = settings.plan.positions(shard, step);
  for (Index p = positions.begin; p < positions.end; ++p) {
    const Index row = order[static_cast<std::size_t>(p)];
    std::vector<float> converted(static_cast<std::size_t>(features));
    convert_row(element_type<T>(),
                reinterpret_cast<const std::byte*>(values.data() + row * features),
                settings.transform, converted);
    result.x.insert(result.x.end(), converted.begin(), converted.end());
    result.ids.push_back(static_cast<std::uint64_t>(row));
  }
  return result;
}

template <class T>
std::vector<T> random_values(Index count, std::mt19937_64& random) {
  std::vector<T> values(static_cast<std::size_t>(count));
  for (T& value : values) {
    if constexpr (std::is_integral_v<T>) {
      value = static_cast<T>(random());
    } else {
      value = std::normal_distribution<T>(1, 4)(random);
    }
  }
  return values;
}

template <class T>
class EveryType : public testing::Test {};
using Types = testing::Types<std::uint8_t, std::int8_t, std::uint16_t, std::int16_t, std::uint32_t,
                             std::int32_t, std::uint64_t, std::int64_t, float, double>;
TYPED_TEST_SUITE(EveryType, Types);

TYPED_TEST(EveryType, both_sources_deliver_what_the_definitions_say) {
  using T = TypeParam;
  const TemporaryFolder folder;
  std::mt19937_64 random(static_cast<std::uint64_t>(element_type<T>()) + 17);
  const auto draw = [&](Index low, Index high) {
    return std::uniform_int_distribution<Index>(low, high)(random);
  };
  for (int i = 0; i < 25; ++i) {
    const Index samples = draw(1, 300);
    const Index features = draw(1, 40);
    const Index shards = draw(1, 7);
    const Index ranks = draw(1, shards);
    const Index rank = draw(0, ranks - 1);
    const std::vector<T> values = random_values<T>(samples * features, random);
    const auto chunk_rows =
        static_cast<hsize_t>(draw(0, 1)) * static_cast<hsize_t>(draw(1, samples));
    const auto address = write_dataset<T>(
        folder.file("x.h5"), {static_cast<hsize_t>(samples), static_cast<hsize_t>(features)},
        values, chunk_rows, static_cast<unsigned>(draw(0, 2)));
    const ShardPlan plan(samples, shards, draw(1, 40));
    InputTransform transform{unit_divisor(element_type<T>()), {}, {}};
    if (draw(0, 1) == 1) {
      transform.mean = random_values<float>(features, random);
      transform.inverse_deviation = random_values<float>(features, random);
    }
    const SampleSourceSettings settings{
        plan, plan.shards_of_rank(rank, ranks), {random(), draw(1, 20), draw(1, 9)}, transform};
    for (const auto& [name, make] : makers) {
      const Source source = make(address, settings);
      for (const std::uint32_t epoch : {3U, 0U, 0U, 4U}) {
        const Index first = draw(0, 2) == 0 ? draw(0, plan.steps_per_epoch()) : 0;
        const Index last =
            draw(0, 2) == 0 ? draw(first, plan.steps_per_epoch()) : plan.steps_per_epoch();
        source->begin_epoch(epoch, first);
        for (Index step = first; step < last; ++step) {
          for (Index shard = settings.shards.begin; shard < settings.shards.end; ++shard) {
            ASSERT_EQ(gather(*source, settings, features, shard, step),
                      expected(values, settings, features, shard, epoch, step))
                << name << " samples " << samples << " shards " << shards << " shard " << shard
                << " step " << step;
          }
        }
      }
    }
  }
}

/// One float a row whose value is the row: easy to check and to spoil.
class RowNumbers : public testing::Test {
 protected:
  SampleSourceSettings make(Index samples, Index shards, Index micro_batch,
                            const ShuffleSettings& shuffle) {
    values_.resize(static_cast<std::size_t>(samples * features));
    for (Index i = 0; i < samples * features; ++i) {
      const Index row = i / features;
      values_[static_cast<std::size_t>(i)] = static_cast<float>(row);
    }
    const ShardPlan plan(samples, shards, micro_batch);
    return {plan, {0, shards}, shuffle, {}};
  }
  DatasetAddress write(Index chunk_rows = 0, unsigned deflate = 0) {
    return write_dataset<float>(folder_.file("x.h5"), {values_.size() / features, features},
                                values_, static_cast<hsize_t>(chunk_rows), deflate);
  }

  static constexpr Index features = 3;
  TemporaryFolder folder_;
  std::vector<float> values_;
};

TEST_F(RowNumbers, workers_gather_different_shards_at_once) {
  const auto settings = make(5000, 7, 16, {9, 8, 5});
  const auto address = write();
  for (const auto& [name, make_source] : makers) {
    const Source source = make_source(address, settings);
    for (std::uint32_t epoch = 0; epoch < 3; ++epoch) {
      source->begin_epoch(epoch, 0);
      std::vector<int> seen(5000, 0);
      std::vector<std::thread> workers;
      for (Index worker = 0; worker < 3; ++worker) {
        workers.emplace_back([&, worker] {
          for (Index step = 0; step < settings.plan.steps_per_epoch(); ++step) {
            for (Index shard = worker; shard < 7; shard += 3) {
              const Delivery got = gather(*source, settings, features, shard, step);
              for (std::size_t i = 0; i < got.ids.size(); ++i) {
                // Rows of a shard belong to one worker: no two threads touch one counter.
                if (got.x[i * features + 2] == static_cast<float>(got.ids[i])) ++seen[got.ids[i]];
              }
            }
          }
        });
      }
      for (std::thread& worker : workers) worker.join();
      EXPECT_EQ(std::ranges::count(seen, 1), 5000) << name;
    }
  }
}

TEST_F(RowNumbers, one_shard_may_run_ahead_of_the_others) {
  const auto settings = make(900, 3, 10, {9, 4, 5});
  const auto address = write();
  const Source source = streamed(address, settings);
  source->begin_epoch(0, 0);
  for (const Index shard : {2, 0, 1}) {
    for (Index step = 0; step < settings.plan.steps_per_epoch(); ++step) {
      ASSERT_EQ(gather(*source, settings, features, shard, step),
                expected(values_, settings, features, shard, 0, step));
    }
  }
}

TEST_F(RowNumbers, more_shards_than_samples) {
  const auto settings = make(3, 7, 4, {9, 4, 5});
  const auto address = write();
  for (const auto& [name, make_source] : makers) {
    const Source source = make_source(address, settings);
    source->begin_epoch(1, 0);
    Index total = 0;
    for (Index shard = 0; shard < 7; ++shard) {
      total += static_cast<Index>(gather(*source, settings, features, shard, 0).ids.size());
    }
    EXPECT_EQ(total, 3) << name;
  }
}

std::string message_of(const std::function<void()>& action, ErrorKind kind) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST_F(RowNumbers, a_nan_is_refused_and_its_row_named) {
  const auto settings = make(500, 2, 10, {9, 4, 5});
  const std::vector<std::pair<float, std::string>> bad = {
      {std::numeric_limits<float>::quiet_NaN(), "a NaN"},
      {-std::numeric_limits<float>::infinity(), "an infinity"}};
  for (const auto& [value, words] : bad) {
    values_[321 * features + 1] = value;
    const auto address = write();
    const std::string message =
        address.file + ":/x: row 321 holds " + words +
        " (feature 1); clean the data: drop such rows or replace such values" +
        (std::isnan(value) ? ", or train with --missing mask" : "");
    EXPECT_EQ(message_of([&] { in_memory(address, settings); }, ErrorKind::data), message);

    const Source source = streamed(address, settings);
    source->begin_epoch(0, 0);
    const std::vector<Index> order =
        ShardOrder(settings.shuffle, 1, settings.plan.shard_rows(1), 0).rows();
    const Index position = std::ranges::find(order, 321) - order.begin();
    const ShardOrder shard_order(settings.shuffle, 1, settings.plan.shard_rows(1), 0);
    const Index clean_steps =
        shard_order.window_positions(shard_order.window_of(position)).begin / 10;
    Index delivered = 0;
    EXPECT_EQ(message_of(
                  [&] {
                    for (Index step = 0; step < settings.plan.steps_per_epoch(); ++step) {
                      for (Index shard = 0; shard < 2; ++shard)
                        gather(*source, settings, features, shard, step);
                      ++delivered;
                    }
                  },
                  ErrorKind::data),
              message);
    EXPECT_EQ(delivered, clean_steps) << "windows before the bad one are good";
    // The other shard is not concerned.
    for (Index step = delivered + 1; step < settings.plan.steps_per_epoch(); ++step) {
      EXPECT_NO_THROW(gather(*source, settings, features, 0, step));
    }
    // The thread survived.
    source->begin_epoch(0, 0);
    EXPECT_NO_THROW(gather(*source, settings, features, 1, 0));
  }
}

TEST_F(RowNumbers, rows_of_other_ranks_are_not_looked_at) {
  auto settings = make(500, 2, 10, {9, 4, 5});
  values_[321 * features] = std::numeric_limits<float>::quiet_NaN();
  settings.shards = {0, 1};
  EXPECT_NO_THROW(in_memory(write(), settings));
}

TEST_F(RowNumbers, a_damaged_chunk_is_an_error_of_the_step_that_needs_it) {
  const auto settings = make(4000, 2, 10, {9, 4, 5});
  const auto address = write(50, 4);
  {
    // Somewhere inside the compressed chunks, which are most of the file.
    std::fstream file(address.file, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(0, std::ios::end);
    const auto size = static_cast<Index>(file.tellp());
    file.seekp(size / 2);
    file << std::string(64, '\xff');
  }
  message_of([&] { in_memory(address, settings); }, ErrorKind::data);
  const Source source = streamed(address, settings);
  source->begin_epoch(0, 0);
  const std::string message = message_of(
      [&] {
        for (Index step = 0; step < settings.plan.steps_per_epoch(); ++step) {
          for (Index shard = 0; shard < 2; ++shard)
            gather(*source, settings, features, shard, step);
        }
      },
      ErrorKind::data);
  EXPECT_EQ(message.rfind(address.file, 0), 0U) << message;
}

TEST_F(RowNumbers, bytes_are_as_predicted_and_streaming_holds_two_windows) {
  const auto settings = make(1000, 3, 10, {9, 8, 4});
  const auto address = write();
  const DatasetInfo info = DatasetReader(address).info();
  EXPECT_EQ(in_memory(address, settings)->bytes(), memory_bytes(info, settings));
  EXPECT_EQ(streamed(address, settings)->bytes(), streaming_bytes(info, settings));
  EXPECT_EQ(memory_bytes(info, settings), 1000 * (12 + 8));
  EXPECT_EQ(streaming_bytes(info, settings), 3 * 2 * 32 * (12 + 16));
  auto whole = settings;
  whole.shuffle.window = 1000;  // one window: no second one to read ahead
  EXPECT_EQ(streaming_bytes(info, whole), 1000 * (12 + 16));
  const Source source = in_memory(address, settings);
  source->begin_epoch(0, 0);
  gather(*source, settings, features, 0, 0);
  EXPECT_EQ(source->wait_seconds(), 0);
}

TEST_F(RowNumbers, broken_promises_of_the_caller_are_bugs) {
  const auto settings = make(100, 2, 10, {9, 4, 2});
  const auto address = write();
  for (const auto& [name, make_source] : makers) {
    const Source source = make_source(address, settings);
    std::vector<float> x(10 * features);
    std::vector<std::uint64_t> ids(10);
    const auto at = [&](Index shard, Index rows, Index columns) {
      message_of([&] { source->gather(shard, 0, Matrix(x.data(), rows, columns), std::span(ids)); },
                 ErrorKind::bug);
    };
    at(0, 10, features);  // before any epoch
    source->begin_epoch(0, 0);
    at(2, 10, features);
    at(0, 9, features);
    at(0, 10, features - 1);
  }
  const Source source = streamed(address, settings);
  source->begin_epoch(0, 1);
  message_of([&] { gather(*source, settings, features, 0, 0); }, ErrorKind::bug);
  auto other = settings;
  other.plan = ShardPlan(99, 2, 10);
  message_of([&] { in_memory(address, other); }, ErrorKind::bug);
  message_of([&] { streamed(address, other); }, ErrorKind::bug);
}

TEST_F(RowNumbers, epochs_may_begin_anew_while_the_thread_reads) {
  const auto settings = make(20000, 2, 10, {9, 4, 500});
  const auto address = write();
  const Source source = streamed(address, settings);
  for (std::uint32_t i = 0; i < 50; ++i) {
    const Index first = static_cast<Index>(i * 37 % 1000);
    source->begin_epoch(i, first);
    if (i % 3 == 0) continue;  // at once, with the read under way
    ASSERT_EQ(gather(*source, settings, features, 1, first),
              expected(values_, settings, features, 1, i, first));
  }
}

TEST_F(RowNumbers, waiting_is_counted_and_the_thread_ends_promptly) {
  // Windows of 200 000 single rows, most of them reads of their own in small chunks, take about a
  // second to fill.
  const auto settings = make(1000000, 1, 10, {9, 1, 200000});
  const auto address = write(64);
  // Of all threads: other processes lengthen what a clock shows.
  const auto processor_time = [] { return std::clock(); };
  const auto begin = processor_time();
  {
    const Source source = streamed(address, settings);
    source->begin_epoch(0, 0);
    const Timer timer;
    gather(*source, settings, features, 0, 0);
    const double filling = timer.seconds();
    EXPECT_GT(source->wait_seconds(), filling / 2);
    EXPECT_LE(source->wait_seconds(), filling);
  }
  const auto filled = processor_time();
  {
    const Source source = streamed(address, settings);
    source->begin_epoch(0, 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_LT(processor_time() - filled, (filled - begin) / 2);
}

}  // namespace
}  // namespace hourglass
