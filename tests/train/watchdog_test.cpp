#include "train/watchdog.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

constexpr double limit = 10;

std::vector<RankReport> waiting_ranks(int count) {
  std::vector<RankReport> ranks;
  for (int r = 0; r < count; ++r) {
    ranks.push_back(
        {r, "node" + std::to_string(r), 100 + r, 5, {Work::exchanging, 16, true, 50}, 2 * limit});
  }
  return ranks;
}

// The same a few beats later.
std::vector<RankReport> later(std::vector<RankReport> ranks) {
  for (RankReport& report : ranks) report.beat += 3;
  return ranks;
}

TEST(RankReport, reads_back_what_it_writes) {
  const RankReport report{
      12345, "node7.example.org", 99, 1000000, {Work::checkpointing, 123456789, true, 77}, 12.5};
  const std::string line = report.to_line();
  EXPECT_EQ(line.size(), RankReport::line_bytes);
  EXPECT_EQ(line.back(), '\n');
  const auto again = RankReport::from_line(line);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->to_line(), line);
  EXPECT_FALSE(RankReport::from_line(std::string(RankReport::line_bytes, ' ')).has_value());
  EXPECT_FALSE(RankReport::from_line(
                   "rank 1 host a process 1 beat 1 step 1 phase 99 waiting 0 ticks 1 still 1")
                   .has_value());
}

TEST(Verdict, names_the_rank_that_does_not_reach_the_exchange) {
  auto ranks = waiting_ranks(4);
  ranks[2].doing = {Work::computing, 16, false, 49};
  const std::string what = verdict(ranks, later(ranks), limit);
  EXPECT_NE(what.find("rank 2 (process 102 on node2) made no progress for 20 s; last seen "
                      "computing gradients in step 17"),
            std::string::npos)
      << what;
}

TEST(Verdict, names_the_process_that_does_not_run) {
  auto ranks = waiting_ranks(4);
  ranks[3].doing = {Work::checkpointing, 16, false, 49};
  auto after = later(ranks);
  after[3].beat = ranks[3].beat;
  const std::string what = verdict(ranks, after, limit);
  EXPECT_NE(
      what.find(
          "rank 3 (process 103 on node3) does not run any more; last seen writing a checkpoint"),
      std::string::npos)
      << what;
}

TEST(Verdict, nobody_is_to_blame_while_somebody_works) {
  auto ranks = waiting_ranks(3);
  ranks[1].doing = {Work::evaluating, 16, false, 49};
  auto after = later(ranks);
  ++after[1].doing.ticks;
  EXPECT_EQ(verdict(ranks, after, limit), "");
  after = later(ranks);
  after[1].still = 1;
  EXPECT_EQ(verdict(ranks, after, limit), "");
}

TEST(Verdict, network_is_to_blame_when_all_wait) {
  auto ranks = waiting_ranks(3);
  ranks[1].doing.step = 15;
  const std::string what = verdict(ranks, later(ranks), limit);
  EXPECT_NE(what.find("network"), std::string::npos) << what;
  EXPECT_NE(what.find("rank 1 (process 101 on node1) is furthest behind, exchanging gradients and "
                      "parameters in step 16"),
            std::string::npos)
      << what;
}

TEST(Verdict, many_culprits_are_counted) {
  const auto ranks = waiting_ranks(9);
  const std::string what = verdict(ranks, ranks, limit);
  EXPECT_NE(what.find("and 5 more do not run any more"), std::string::npos) << what;
}

// A process whose main thread stands still, and one whose goes on.
TEST(WatchdogDeathTest, ends_a_process_that_makes_no_progress) {
  const TemporaryFolder folder;
  const std::string file = folder.file("reports");
  std::ofstream(file).close();
  const auto hang = [&] {
    activity::enter_step(41);
    activity::enter(Work::updating);
    const Watchdog watchdog(file, 0, 1, 0.4, "see you");
    std::this_thread::sleep_for(std::chrono::seconds(60));
  };
  EXPECT_EXIT(hang(), testing::ExitedWithCode(69),
              "rank 0 .* made no progress .* updating parameters in step 42; see you");
}

TEST(Watchdog, lets_a_process_alone_that_makes_progress) {
  const TemporaryFolder folder;
  const std::string file = folder.file("reports");
  std::ofstream(file).close();
  {
    const Watchdog watchdog(file, 0, 1, 0.3, "");
    for (int i = 0; i < 100; ++i) {
      activity::tick();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    std::ifstream stream(file);
    std::string line;
    std::getline(stream, line);
    EXPECT_TRUE(RankReport::from_line(line).has_value()) << line;
  }
  EXPECT_FALSE(std::filesystem::exists(file));
}

}  // namespace
}  // namespace hourglass
