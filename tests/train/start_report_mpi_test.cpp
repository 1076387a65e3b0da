#include "train/start_report.hpp"

#include <gtest/gtest.h>

#include "train/tiny_run.hpp"

namespace hourglass {
namespace {

using train_test::TinyRun;

TEST(StartReport, is_empty_where_nobody_reads_it) {
  TinyRun run(Communicator::world());
  const bool wanted = run.communicator.is_root();
  const auto lines =
      start_report(run.communicator, run.config, run.data, run.plan, run.stages, wanted);
  if (!wanted) {
    EXPECT_TRUE(lines.empty());
    return;
  }
  ASSERT_GE(lines.size(), 2U);
  EXPECT_EQ(lines[0].find("44 samples of 6 features; 80 parameters; "), 0U) << lines[0];
  EXPECT_NE(lines[0].find("4 shards; 3 steps an epoch"), std::string::npos) << lines[0];
  EXPECT_NE(lines[1].find("weights"), std::string::npos) << lines[1];
}

TEST(PredictMemory, counts_what_a_rank_holds) {
  TinyRun run(Communicator::world());
  const MemoryPrediction memory =
      predict_memory(run.communicator, run.config, run.data, run.stages);
  const auto bytes_of = [](const MemoryPrediction& prediction, const std::string& name) {
    for (const auto& item : prediction.items) {
      if (item.name == name) return item.bytes;
    }
    return Index{-1};
  };
  const Index weights = run.model.layout().size() * static_cast<Index>(sizeof(float));
  EXPECT_EQ(bytes_of(memory, "weights"), weights);
  EXPECT_EQ(bytes_of(memory, "gradient"), weights);
  EXPECT_GE(bytes_of(memory, "optimizer state"), 2 * weights / run.communicator.size());
  EXPECT_GE(bytes_of(memory, "data"),
            train_test::tiny_rows * train_test::tiny_features * 4 / run.communicator.size());
  EXPECT_EQ(bytes_of(memory, "checkpoint in the background"), -1);
  TinyRun async(run, [](TrainConfig& config) { config.reliability.checkpoint_async = true; });
  EXPECT_GT(bytes_of(predict_memory(async.communicator, async.config, async.data, async.stages),
                     "checkpoint in the background"),
            0);
  // Between two outer steps, on all ranks together: w and its momentum, and of each of two groups
  // the weights and two moments.
  TinyRun local(run, [](TrainConfig& config) {
    config.reliability.checkpoint_async = true;
    config.local = {2, 2, 0.7, 0.9};
  });
  EXPECT_GE(bytes_of(predict_memory(local.communicator, local.config, local.data, local.stages),
                     "checkpoint in the background"),
            8 * weights / run.communicator.size());
}

}  // namespace
}  // namespace hourglass
