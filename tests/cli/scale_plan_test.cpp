#include "cli/scale_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/scale_jobs.hpp"
#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

ScalePlan plan_of(std::vector<std::string> words,
                  const std::vector<std::string>& train = {"--layers", "20,8"}) {
  const auto all = commands();
  const Command& command = find_command(all, "scale");
  words.insert(words.end(), {"--output", "results.jsonl", "--"});
  words.insert(words.end(), train.begin(), train.end());
  return read_scale_plan(parse_arguments(command.options, words, command.max_positional));
}

TEST(ScalePlan, weak_scaling_grows_the_batch_with_the_ranks) {
  const ScalePlan plan = plan_of({"--weak", "--ranks", "1,4", "--micro-batch", "8"});
  EXPECT_TRUE(plan.study.weak);
  ASSERT_EQ(plan.points.size(), 2U);
  EXPECT_EQ(plan.points[0], (ScalingPoint{1, "tree", 8, 8}));
  EXPECT_EQ(plan.points[1], (ScalingPoint{4, "tree", 8, 32}));
  const ScalePlan threads =
      plan_of({"--weak", "--ranks", "2"}, {"--layers", "20,8", "--threads", "3"});
  EXPECT_EQ(threads.points[0].batch, 2 * 3 * 128) << "a micro-batch for each thread";
}

TEST(ScalePlan, strong_scaling_keeps_the_batch) {
  const ScalePlan plan = plan_of({"--strong", "--ranks", "1,2", "--reduction", "tree,allreduce"},
                                 {"--layers", "20,8", "--batch", "256"});
  ASSERT_EQ(plan.points.size(), 4U);
  EXPECT_TRUE(std::ranges::all_of(plan.points, [](const auto& p) { return p.batch == 256; }));
}

TEST(ScalePlan, refuses_what_cannot_be_measured) {
  const auto refused = [](const std::vector<std::string>& words,
                          const std::vector<std::string>& train, const std::string& message) {
    SCOPED_TRACE(message);
    expect_error(ErrorKind::usage, message, [&] { static_cast<void>(plan_of(words, train)); });
  };
  const std::vector<std::string> layers = {"--layers", "20,8"};
  refused({"--ranks", "1"}, layers, "choose --strong");
  refused({"--weak", "--strong", "--ranks", "1"}, layers, "choose --strong");
  refused({"--weak", "--ranks", "1,x"}, layers, "'x' is not a positive number");
  refused({"--weak", "--ranks", "2,2"}, layers, "2 is named twice");
  refused({"--weak", "--ranks", "1", "--reduction", "ring"}, layers, "tree,allreduce");
  refused({"--weak", "--ranks", "1", "--launcher", "ssh"}, layers, "mpirun or srun");
  refused({"--strong", "--ranks", "9"}, {"--layers", "20,8", "--batch", "1024"},
          "a larger --batch or a smaller --micro-batch");
  refused({"--weak", "--ranks", "1"}, {}, "name a model after --");
  refused({"--weak", "--ranks", "1"}, {"--layers", "20,8", "--output", "x"}, "--output");
  refused({"--weak", "--ranks", "1"}, {"--layers", "20,8", "--micro-batch", "8"},
          "give --micro-batch before --");
  refused({"--weak", "--ranks", "1"}, {"--layers", "20,8", "--pretrain", "rbm"}, "--pretrain");
  refused({"--weak", "--ranks", "1"}, {"--layers", "20,8", "--optimizer", "lbfgs"}, "lbfgs");
}

TEST(ScaleJob, replaces_the_points_own_settings_in_the_options) {
  const ScalePlan plan = plan_of({"--strong", "--ranks", "2", "--launcher", "mpirun"},
                                 {"--layers", "20,8", "--batch", "512", "--threads", "2"});
  const auto words = scale_job(plan, plan.points.front(), false);
  EXPECT_EQ(words[0], "mpirun");
  const auto at = [&](const std::string& word) { return std::ranges::find(words, word); };
  EXPECT_NE(at("--bind-to"), words.end());
  EXPECT_NE(at("--network=false"), words.end());
  const std::vector<std::string> train(at("--") + 1, words.end());
  EXPECT_EQ(train, (std::vector<std::string>{"--layers", "20,8", "--threads", "2", "--batch", "512",
                                             "--micro-batch", "128", "--reduction", "tree"}));
}

TEST(ScaleJob, leaves_the_binding_to_the_users_options) {
  const ScalePlan plan = plan_of({"--weak", "--ranks", "2", "--launcher", "mpirun",
                                  "--launch-options", "--bind-to core -H a:1,b:1"});
  const auto words = scale_job(plan, plan.points.front(), true);
  EXPECT_EQ(std::ranges::count(words, "--bind-to"), 1);
  EXPECT_NE(std::ranges::find(words, "a:1,b:1"), words.end());
  EXPECT_NE(std::ranges::find(words, "--network=true"), words.end());
}

}  // namespace
}  // namespace hourglass
