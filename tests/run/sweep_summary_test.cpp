#include "run/sweep_summary.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "support/file_bytes.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using io_test::read_bytes;
using io_test::write_bytes;

class SweepSummaryTest : public testing::Test {
 protected:
  SweepSummaryTest() {
    plan_.axes = {SweepAxis::from_values("learning-rate=1,2,3"), SweepAxis::from_values("seed=4")};
    plan_.halving = HalvingSettings{HalvingRule::synchronous, 3, {1, 3}};
  }

  // A trial with so many epochs of validation error `error`.
  void end(Index trial, const std::string& status, const std::vector<RungResult>& rungs, int epochs,
           double error) const {
    const TrialFiles files = trial_files(folder_.path(), trial);
    std::filesystem::create_directories(files.folder);
    std::string metrics;
    for (int e = 1; e <= epochs; ++e) {
      const nlohmann::json record = {
          {"kind", "epoch"}, {"epoch", e}, {"loss", 1}, {"sse", 1}, {"validation_sse", error}};
      metrics += record.dump() + "\n";
    }
    write_bytes(files.folder + "/metrics.jsonl", metrics);
    if (status == "done") write_bytes(files.folder + "/model.h5", "");
    TrialOutcome outcome{status, 0, "", 1};
    outcome.rungs = rungs;
    write_outcome(files, outcome);
  }

  TemporaryFolder folder_;
  SweepPlan plan_;
};

TEST_F(SweepSummaryTest, counts_rungs_and_passes_and_names_the_winner) {
  end(0, "paused", {{1, 0.6}}, 1, 0.6);
  end(1, "done", {{1, 0.5}, {3, 0.7}}, 3, 0.7);
  end(2, "diverged", {}, 0, 0);
  const auto rows = read_rows(plan_, folder_.path(), "trial");
  const SweepSummary summary = summarize(plan_, rows, folder_.path());
  ASSERT_EQ(summary.rungs.size(), 2U);
  EXPECT_EQ(summary.rungs[0].trials, 2);
  EXPECT_EQ(summary.rungs[1].trials, 1);
  EXPECT_EQ(summary.passes, 4);
  EXPECT_EQ(summary.grid_passes, 6) << "the one that diverged would do so in a grid too";
  EXPECT_EQ(summary.lost, 1);
  EXPECT_TRUE(summary.finished);
  ASSERT_TRUE(summary.winner.has_value());
  EXPECT_EQ(summary.winner->trial, 1) << "not the smaller error at a lower rung";
  EXPECT_EQ(format_summary(summary),
            "rung 1 epoch: 2 trials\nrung 3 epochs: 1 trial\n1 trial diverged and lost\n"
            "4 passes over the data, 66.7 % of the 6 of all trials in full\n");
  EXPECT_EQ(settings_text(plan_, 1), "learning-rate=2 seed=4");
  write_summary(plan_, summary, folder_.path());
  const auto json = nlohmann::json::parse(read_bytes(folder_.file("summary.json")));
  EXPECT_EQ(json["rule"], "synchronous");
  EXPECT_EQ(json["rungs"][0]["trials"], 2);
  EXPECT_EQ(json["passes"], 4);
  EXPECT_EQ(json["winner"]["trial"], 2);
  EXPECT_EQ(json["winner"]["settings"]["learning-rate"], "2");
  EXPECT_EQ(json["winner"]["model"], folder_.path() + "/trial-0002/model.h5");
}

TEST_F(SweepSummaryTest, without_a_model_there_is_no_winner) {
  end(0, "paused", {{1, 0.5}}, 1, 0.5);
  EXPECT_FALSE(winner_of(plan_, folder_.path()).has_value());
  const auto contenders = contenders_of(plan_, folder_.path());
  EXPECT_EQ(contenders[0].errors, std::vector<double>{0.5});
  EXPECT_EQ(contenders[1].begun, 0);
  const SweepSummary summary =
      summarize(plan_, read_rows(plan_, folder_.path(), "trial"), folder_.path());
  EXPECT_FALSE(summary.finished);
  write_summary(plan_, summary, folder_.path());
  EXPECT_TRUE(nlohmann::json::parse(read_bytes(folder_.file("summary.json")))["winner"].is_null());
}

}  // namespace
}  // namespace hourglass
