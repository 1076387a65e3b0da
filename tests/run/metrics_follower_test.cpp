#include "run/metrics_follower.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

std::string line(const std::string& kind, Index number) {
  MetricsRecord record;
  record.kind = kind;
  record.epoch = number;
  record.step = number;
  return to_json_line(record) + "\n";
}

class MetricsFollowerTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return folder_.file("metrics.jsonl"); }
  void append(const std::string& text) const { std::ofstream(path(), std::ios::app) << text; }
  void rewrite(const std::string& text) const { std::ofstream(path()) << text; }
  void replace(const std::string& text) const {
    std::ofstream(folder_.file("new")) << text;
    std::filesystem::rename(folder_.file("new"), path());
  }
  [[nodiscard]] std::vector<Index> steps() const {
    std::vector<Index> found;
    for (const MetricsRecord& record : follower_.records()) found.push_back(record.step);
    return found;
  }

  TemporaryFolder folder_;
  MetricsFollower follower_{path()};
};

TEST_F(MetricsFollowerTest, reads_what_is_added_and_waits_for_the_end_of_a_line) {
  EXPECT_FALSE(follower_.advance()) << "there is no file yet";
  append(line("epoch", 1));
  EXPECT_TRUE(follower_.advance());
  EXPECT_FALSE(follower_.advance());
  const std::string next = line("epoch", 2);
  append(next.substr(0, 20));
  EXPECT_FALSE(follower_.advance());
  append(next.substr(20) + line("epoch", 3));
  EXPECT_TRUE(follower_.advance());
  EXPECT_EQ(steps(), (std::vector<Index>{1, 2, 3}));
  std::filesystem::remove(path());
  EXPECT_FALSE(follower_.advance());
  EXPECT_EQ(steps().size(), 3U) << "what was read of a folder that is gone stays";
}

TEST_F(MetricsFollowerTest, begins_again_with_another_file) {
  append(line("epoch", 1) + line("epoch", 2));
  EXPECT_TRUE(follower_.advance());
  replace(line("epoch", 1) + line("epoch", 5));  // of the same size
  EXPECT_TRUE(follower_.advance());
  EXPECT_EQ(steps(), (std::vector<Index>{1, 5}));
  rewrite(line("epoch", 7));  // shorter
  EXPECT_TRUE(follower_.advance());
  EXPECT_EQ(steps(), (std::vector<Index>{7}));
  rewrite(line("epoch", 8) + line("epoch", 9));  // longer, but with another beginning
  EXPECT_TRUE(follower_.advance());
  EXPECT_EQ(steps(), (std::vector<Index>{8, 9}));
  rewrite("");
  EXPECT_TRUE(follower_.advance());
  EXPECT_TRUE(follower_.records().empty());
}

TEST_F(MetricsFollowerTest, passes_over_what_is_no_record) {
  append("{}\n[1]\n\x01\x02\n" + line("epoch", 1) + "{\"kind\":\"ep" + line("epoch", 2) +
         line("epoch", 3));
  EXPECT_TRUE(follower_.advance());
  EXPECT_EQ(steps(), (std::vector<Index>{1, 3}));
  EXPECT_NE(follower_.problem().find("4 of the lines"), std::string::npos);
  replace(line("epoch", 1));
  EXPECT_TRUE(follower_.advance());
  EXPECT_EQ(follower_.problem(), "");
}

TEST_F(MetricsFollowerTest, keeps_a_bounded_number_of_steps_evenly) {
  std::string text = line("epoch", 1);
  for (Index step = 0; step < 230; ++step) text += line("step", step);
  append(text);
  MetricsFollower bounded(path(), 100);
  EXPECT_TRUE(bounded.advance());
  const auto& kept = bounded.records();
  EXPECT_LE(kept.size(), 101U);
  EXPECT_GE(kept.size(), 51U);
  for (std::size_t i = 2; i < kept.size(); ++i) EXPECT_EQ(kept[i].step - kept[i - 1].step, 4);
  MetricsFollower epochs(path(), 0);
  EXPECT_TRUE(epochs.advance());
  EXPECT_EQ(epochs.records().size(), 1U);
  append(line("step", 1));
  EXPECT_FALSE(epochs.advance());
}

}  // namespace
}  // namespace hourglass
