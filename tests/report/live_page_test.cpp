#include "report/live_page.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++found;
  return found;
}

ComparedRun made_run(const std::string& name, Index epochs) {
  ComparedRun run;
  run.name = name;
  run.state = "running";
  run.config.epochs = 5000;
  for (Index number = 1; number <= epochs; ++number) {
    MetricsRecord record;
    record.kind = "epoch";
    record.epoch = number;
    record.step = number;
    record.sse = 1000.0 / static_cast<double>(number);
    record.loss = record.sse;
    record.validation_sse = number == 778 ? 0.5 : 1.0;
    run.metrics.push_back(record);
  }
  return run;
}

TEST(LiveContent, of_one_run_is_the_part_of_its_report_that_moves) {
  const std::vector<ComparedRun> runs = {made_run("a <run>", 3000)};
  const std::vector<std::string> remarks = {"a & b"};
  const std::string content = live_content(runs, remarks);
  for (const char* part : {"Training run a &lt;run&gt;", "running: 3000 of 5000 epochs",
                           "a &amp; b", "smallest 0.5000 in epoch 778", "Reconstruction error",
                           "Configuration", "hourglass report a &lt;run&gt;"}) {
    EXPECT_NE(content.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(count(content, "<svg"), 5U);
  EXPECT_LT(content.size(), 150000U) << "points that no chart can show are left out";
  EXPECT_EQ(content.find("<script"), std::string::npos);
}

TEST(LiveContent, of_a_run_without_records_says_so) {
  const std::vector<ComparedRun> runs = {made_run("run", 0)};
  EXPECT_NE(live_content(runs, {}).find("Nothing is recorded yet"), std::string::npos);
}

TEST(LiveContent, of_several_runs_is_their_comparison) {
  std::vector<ComparedRun> runs = {made_run("one", 3), made_run("<two>", 2)};
  runs[1].page = "run-2/";
  const std::string content = live_content(runs, {});
  EXPECT_NE(content.find("Comparison of 2 runs"), std::string::npos);
  EXPECT_NE(content.find("runs: <a href=\"run-2/\">&lt;two&gt;</a>."), std::string::npos);
  EXPECT_NE(content.find("running: 2 of 5000 epochs"), std::string::npos);
  EXPECT_EQ(count(content, "<svg"), 6U);
}

TEST(LivePage, holds_its_content_and_tag_and_loads_nothing) {
  const std::string page = live_page("<p>content</p>\n", "7");
  EXPECT_NE(page.find("<main id=\"live\" data-tag=\"7\">\n<p>content</p>"), std::string::npos);
  EXPECT_NE(page.find("fetch('live'"), std::string::npos);
  EXPECT_EQ(page.find("http:"), std::string::npos);
  EXPECT_EQ(page.find("src="), std::string::npos);
}

}  // namespace
}  // namespace hourglass
