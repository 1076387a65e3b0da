#include "cli/watched_runs.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "hourglass/core/error.hpp"
#include "support/temporary_folder.hpp"
#include "system/run_lock.hpp"

namespace hourglass {
namespace {

namespace fs = std::filesystem;

void make_run(const std::string& folder, const std::string& settings) {
  fs::create_directories(folder);
  std::ofstream(folder + "/config.cfg") << settings;
}

void add_epoch(const std::string& folder, Index number, double sse) {
  MetricsRecord record;
  record.kind = "epoch";
  record.epoch = number;
  record.sse = sse;
  std::ofstream(folder + "/metrics.jsonl", std::ios::app) << to_json_line(record) << "\n";
}

TEST(WatchedRuns, follow_their_records_states_and_settings) {
  const TemporaryFolder folder;
  const std::string run = folder.file("run");
  make_run(run, "epochs = 3\n");
  WatchedRuns watched({run + "/"});
  ASSERT_EQ(watched.runs().size(), 1U);
  EXPECT_EQ(watched.runs()[0].state, "not started");
  EXPECT_FALSE(watched.advance());
  {
    const RunLock lock(run + "/.lock");
    add_epoch(run, 1, 9);
    EXPECT_TRUE(watched.advance());
    EXPECT_EQ(watched.runs()[0].state, "running");
    EXPECT_EQ(watched.runs()[0].metrics.size(), 1U);
  }
  EXPECT_TRUE(watched.advance());
  EXPECT_EQ(watched.runs()[0].state, "stopped");
  std::ofstream(run + "/model.h5") << "";
  make_run(run, "epochs = 4\n");
  fs::last_write_time(run + "/config.cfg",
                      fs::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_TRUE(watched.advance());
  EXPECT_EQ(watched.runs()[0].state, "finished");
  EXPECT_EQ(watched.runs()[0].config.epochs, 4);
  fs::remove_all(run);
  static_cast<void>(watched.advance());
  EXPECT_EQ(watched.runs()[0].metrics.size(), 1U) << "what is gone stays on the page";
}

TEST(WatchedRuns, find_runs_that_begin_later_and_rank_them) {
  const TemporaryFolder folder;
  make_run(folder.file("sweep/a"), "epochs = 3\n");
  add_epoch(folder.file("sweep/a"), 1, 9);
  WatchedRuns watched({folder.file("sweep"), folder.file("sweep/a")});
  EXPECT_EQ(watched.runs().size(), 1U);
  make_run(folder.file("sweep/b"), "epochs = no number\n");
  add_epoch(folder.file("sweep/b"), 1, 5);
  EXPECT_TRUE(watched.advance());
  ASSERT_EQ(watched.runs().size(), 2U);
  EXPECT_EQ(watched.runs()[0].name, folder.file("sweep/b"));
  EXPECT_EQ(watched.runs()[0].page, "run-2/");
  const auto remarks = watched.remarks();
  ASSERT_EQ(remarks.size(), 2U);
  EXPECT_EQ(remarks[0], "0 of the 2 runs are running.");
  EXPECT_NE(remarks[1].find("no number"), std::string::npos);
  EXPECT_THROW(WatchedRuns({folder.file("none")}), Error);
  EXPECT_THROW(WatchedRuns({folder.file("sweep")}), Error) << "settings that cannot be read";
}

}  // namespace
}  // namespace hourglass
