#include "run/sweep_table.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "support/file_bytes.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using io_test::read_bytes;
using io_test::write_bytes;

class SweepTableTest : public testing::Test {
 protected:
  SweepTableTest() { plan_.axes.push_back(SweepAxis::from_values("learning-rate=0.1,0.01,0.001")); }

  void end(Index trial, const TrialOutcome& outcome, const std::string& metrics = "",
           const std::string& configuration = "") const {
    const TrialFiles files = trial_files(folder_.path(), trial);
    std::filesystem::create_directories(files.folder);
    write_bytes(files.folder + "/metrics.jsonl", metrics);
    write_bytes(files.folder + "/config.cfg", configuration);
    write_outcome(files, outcome);
  }
  [[nodiscard]] std::vector<TrialRow> rows(const std::string& sort = "validation_sse") const {
    return read_rows(plan_, folder_.path(), sort);
  }
  static std::string epoch(int number, double sse, double validation) {
    nlohmann::ordered_json record = {
        {"kind", "epoch"}, {"epoch", number}, {"loss", sse / 2}, {"sse", sse}};
    record["validation_sse"] = validation;
    return record.dump() + "\n";
  }

  TemporaryFolder folder_;
  SweepPlan plan_;
};

TEST_F(SweepTableTest, names_count_from_one) {
  const TrialFiles files = trial_files("sweep", 0);
  EXPECT_EQ(files.folder, "sweep/trial-0001");
  EXPECT_EQ(files.log, "sweep/trial-0001.log");
  EXPECT_EQ(files.outcome, "sweep/trial-0001.json");
  EXPECT_EQ(files.lock, "sweep/.trial-0001.lock");
}

TEST_F(SweepTableTest, outcomes_come_back_and_damaged_ones_do_not) {
  const TrialFiles files = trial_files(folder_.path(), 0);
  EXPECT_FALSE(read_outcome(files).has_value());
  write_outcome(files, {"diverged", 76, "bytes \xff are replaced", 1.5});
  const auto outcome = read_outcome(files);
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->status, "diverged");
  EXPECT_EQ(outcome->code, 76);
  EXPECT_EQ(outcome->seconds, 1.5);
  EXPECT_TRUE(outcome->is_final());
  for (const char* damage : {"", "{", "[1]", "{\"exit_code\": 0}", "{\"status\": 3}"}) {
    write_bytes(files.outcome, damage);
    EXPECT_FALSE(read_outcome(files).has_value()) << damage;
  }
  for (const char* status : {"failed", "stopped"})
    EXPECT_FALSE((TrialOutcome{status, 75, "", 0}.is_final())) << status;
}

TEST_F(SweepTableTest, rows_have_the_last_epoch_or_the_best_that_was_kept) {
  const std::string metrics = epoch(1, 4, 3) + epoch(2, 3, 2) + "not JSON\n" + epoch(3, 2, 5);
  end(0, {"done", 0, "", 1}, metrics);
  end(1, {"done", 0, "", 1}, metrics, "keep-best = true\n");
  const auto found = rows("trial");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].epochs, 3);
  EXPECT_EQ(found[0].validation_sse, 5);
  EXPECT_EQ(found[1].epochs, 3);
  EXPECT_EQ(found[1].validation_sse, 2);
  EXPECT_EQ(found[1].sse, 3);
  EXPECT_EQ(found[2].outcome.status, "waiting");
  EXPECT_EQ(found[2].values, std::vector<std::string>{"0.001"});
}

TEST_F(SweepTableTest, rungs_come_back_up_to_the_first_that_is_damaged) {
  const TrialFiles files = trial_files(folder_.path(), 0);
  TrialOutcome outcome{"paused", 0, "", 1};
  outcome.rungs = {{1, 5}, {3, std::numeric_limits<double>::quiet_NaN()}};
  outcome.goal = 9;
  write_outcome(files, outcome);
  auto found = read_outcome(files);
  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->is_final());
  EXPECT_EQ(found->goal, 9);
  ASSERT_EQ(found->rungs.size(), 2U);
  EXPECT_EQ(found->rungs[0].epochs, 1);
  EXPECT_EQ(found->rungs[0].error, 5);
  EXPECT_TRUE(std::isnan(found->rungs[1].error));
  for (const char* damage : {"3", "{}", R"([3, {"epochs": 1, "validation_sse": 2}])"}) {
    write_bytes(files.outcome, fmt::format(R"({{"status": "paused", "rungs": {}}})", damage));
    found = read_outcome(files);
    ASSERT_TRUE(found.has_value());
    EXPECT_TRUE(found->rungs.empty()) << damage;
  }
}

TEST_F(SweepTableTest, errors_at_rungs_are_those_of_the_epoch_or_the_best_until_then) {
  const std::string pretraining = R"({"kind": "epoch", "layer": 1, "epoch": 1, "sse": 0.1})"
                                  "\n";
  const std::string metrics = pretraining + epoch(1, 4, 3) + epoch(2, 3, 2) + epoch(3, 2, 5);
  end(0, {"paused", 0, "", 1}, metrics);
  end(1, {"paused", 0, "", 1}, metrics, "keep-best = true\n");
  const std::string last = trial_files(folder_.path(), 0).folder;
  const std::string best = trial_files(folder_.path(), 1).folder;
  EXPECT_EQ(error_at_rung(last, 1), 3);
  EXPECT_EQ(error_at_rung(last, 3), 5);
  EXPECT_EQ(error_at_rung(best, 3), 2);
  EXPECT_FALSE(error_at_rung(last, 4).has_value()) << "the run has not come so far";
  write_bytes(last + "/model.h5", "");
  EXPECT_EQ(error_at_rung(last, 4), 5) << "it has ended before, e.g. by early stopping";
  EXPECT_FALSE(error_at_rung(folder_.file("nothing"), 1).has_value());
  const auto found = rows("trial");
  EXPECT_EQ(found[0].passes, 4);
  EXPECT_EQ(found[0].model_epoch, 3);
  EXPECT_EQ(found[1].model_epoch, 2);
}

TEST_F(SweepTableTest, errors_are_compared_within_a_rung) {
  plan_.halving = HalvingSettings{HalvingRule::synchronous, 2, {1, 2}};
  TrialOutcome outcome{"paused", 0, "", 1};
  outcome.rungs = {{1, 3}};
  end(0, outcome, epoch(1, 4, 3));
  outcome.rungs = {{1, 9}, {2, 8}};
  outcome.status = "done";
  end(1, outcome, epoch(1, 9, 9) + epoch(2, 9, 8));
  const auto found = rows();
  EXPECT_EQ(found[0].trial, 1);
  EXPECT_EQ(found[1].trial, 0);
  EXPECT_EQ(found[2].trial, 2) << "waiting";
  EXPECT_NE(format_rows(plan_, found).find("done     2     2       4.5"), std::string::npos)
      << format_rows(plan_, found);
  write_rows(plan_, found, folder_.path());
  const std::string csv = read_bytes(folder_.file("results.csv"));
  EXPECT_NE(csv.find("status,exit_code,rung,epochs,"), std::string::npos) << csv;
  EXPECT_NE(csv.find("1,0.1,paused,0,1,1,2,4,3,1.000,\n"), std::string::npos) << csv;
  const auto json = nlohmann::json::parse(read_bytes(folder_.file("results.json")));
  EXPECT_EQ(json[0]["rungs"][1]["validation_sse"], 8);
}

TEST_F(SweepTableTest, rows_are_sorted_and_those_without_a_figure_come_last) {
  end(0, {"diverged", 76, "", 1}, epoch(1, 0.1, 0.1));
  end(1, {"done", 0, "", 2}, epoch(1, 5, 4));
  end(2, {"done", 0, "", 1}, epoch(1, 6, 3));
  const auto order = [&](const std::string& sort) {
    std::vector<Index> trials;
    for (const TrialRow& row : rows(sort)) trials.push_back(row.trial);
    return trials;
  };
  EXPECT_EQ(order("validation_sse"), (std::vector<Index>{2, 1, 0}));
  EXPECT_EQ(order("sse"), (std::vector<Index>{1, 2, 0}));
  EXPECT_EQ(order("seconds"), (std::vector<Index>{2, 1, 0}));
  EXPECT_EQ(order("trial"), (std::vector<Index>{0, 1, 2}));
}

TEST_F(SweepTableTest, tables_for_people_and_programs_hold_the_same) {
  end(0, {"refused", 64, "a \"quoted\", message", 0.25});
  end(1, {"done", 0, "", 2}, epoch(1, 5, 4));
  const auto found = rows();
  const std::string text = format_rows(plan_, found);
  EXPECT_NE(text.find("0002   0.01           done     1       2.5   5    4"), std::string::npos)
      << text;
  write_rows(plan_, found, folder_.path());
  const std::string csv = read_bytes(folder_.file("results.csv"));
  EXPECT_NE(csv.find("trial,learning-rate,status,exit_code,epochs,loss,sse,validation_sse,seconds,"
                     "message\n2,0.01,done,0,1,2.5,5,4,2.000,\n"),
            std::string::npos)
      << csv;
  EXPECT_NE(csv.find("1,0.1,refused,64,,,,,0.250,\"a \"\"quoted\"\", message\"\n"),
            std::string::npos)
      << csv;
  const auto json = nlohmann::json::parse(read_bytes(folder_.file("results.json")));
  ASSERT_EQ(json.size(), 3U);
  EXPECT_EQ(json[0]["settings"]["learning-rate"], "0.01");
  EXPECT_EQ(json[0]["validation_sse"], 4);
  EXPECT_TRUE(json[1]["sse"].is_null());
}

}  // namespace
}  // namespace hourglass
