#include "train/run_data.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"
#include "train/tiny_run.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;
using train_test::TinyRun;
using train_test::write_samples;

TEST(RunData, describes_the_data_alike_on_every_rank) {
  const Communicator world = Communicator::world();
  const TinyRun run(world, [](TrainConfig& config) { config.normalize = Normalize::standardize; });
  EXPECT_EQ(run.data.fingerprint().size(), 32U);
  EXPECT_EQ(run.data.validation_fingerprint(), "");
  EXPECT_EQ(run.data.validation(), nullptr);
  EXPECT_EQ(run.data.transform().mean.size(), std::size_t{train_test::tiny_features});
  for (const std::string& other : world.all_gather(run.data.fingerprint()))
    EXPECT_EQ(other, run.data.fingerprint());
}

TEST(RunData, fingerprints_tell_contents_apart) {
  const Communicator world = Communicator::world();
  const io_test::SharedFolder folder(world);
  if (world.is_root()) write_samples(folder.file("v.h5"), 20);
  world.barrier();
  const TinyRun run(world,
                    [&](TrainConfig& config) { config.validation = folder.file("v.h5") + ":/x"; });
  ASSERT_NE(run.data.validation(), nullptr);
  EXPECT_EQ(run.data.validation()->info().rows(), 20);
  EXPECT_EQ(run.data.validation_fingerprint().size(), 32U);
  EXPECT_NE(run.data.validation_fingerprint(), run.data.fingerprint());
}

TEST(RunData, refuses_validation_data_of_another_width) {
  const Communicator world = Communicator::world();
  const TinyRun run(world);
  TrainConfig config = run.config;
  config.validation = config.data;
  RunData data(world, config);
  expect_error(ErrorKind::data, "", [&] { data.prepare(config, train_test::tiny_features + 1); });
}

TEST(RunData, opens_the_shards_of_each_rank) {
  const Communicator world = Communicator::world();
  const TinyRun run(world);
  const ShardPlan& plan = run.plan.shards(0);
  const auto source = run.data.open_source(Communicator::world(), plan, run.config);
  source->begin_epoch(0, 0);
  std::vector<float> x(static_cast<std::size_t>(plan.micro_batch() * train_test::tiny_features));
  std::vector<std::uint64_t> rows(static_cast<std::size_t>(plan.micro_batch()));
  const Range mine = plan.shards_of_rank(world.rank(), world.size());
  for (Index shard = mine.begin; shard < mine.end; ++shard) {
    source->gather(shard, 0, {x.data(), plan.micro_batch(), train_test::tiny_features}, rows);
    for (const std::uint64_t row : rows) {
      EXPECT_GE(static_cast<Index>(row), plan.shard_rows(shard).begin);
      EXPECT_LT(static_cast<Index>(row), plan.shard_rows(shard).end);
    }
  }
}

}  // namespace
}  // namespace hourglass
