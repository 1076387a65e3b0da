#include "report/scaling_results.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "report/made_study.hpp"
#include "support/expect_error.hpp"
#include "support/file_bytes.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

std::string lines_of(const ScalingStudy& study) {
  std::string text = study_line(study) + "\n";
  for (const ScalingRepetition& repetition : study.repetitions)
    text += repetition_line(repetition, {repetition.step_seconds}) + "\n";
  for (const ScalingNetwork& network : study.networks) text += network_line(network) + "\n";
  for (const auto& [point, repetitions] : by_point(study)) text += summary_line(repetitions) + "\n";
  return text;
}

class ResultsFile {
 public:
  explicit ResultsFile(const std::string& text) { io_test::write_bytes(path(), text); }
  [[nodiscard]] std::string path() const { return folder_.file("r.jsonl"); }

 private:
  TemporaryFolder folder_;
};

TEST(ReadScalingResults, reads_what_was_written) {
  ScalingStudy study = made_study(true);
  study.steps = 10;
  study.warm_up = 2;
  study.train_options = {"--layers", "20,8"};
  study.networks[0].exchange["tree"] = {1000, 0.5};
  const ResultsFile file(lines_of(study));
  const ScalingStudy read = read_scaling_results(file.path());
  EXPECT_EQ(lines_of(read), lines_of(study));
  EXPECT_TRUE(read.weak);
  EXPECT_EQ(read.train_options, study.train_options);
  ASSERT_EQ(read.repetitions.size(), 12U);
  EXPECT_EQ(read.repetitions[5].point, study.repetitions[5].point);
  EXPECT_EQ(read.summarized.size(), 4U);
  EXPECT_EQ(read.summarized.begin()->second, 3);
}

TEST(ReadScalingResults, leaves_a_cut_line_out_when_asked_to) {
  const std::string whole = lines_of(made_study(true));
  const ResultsFile file(whole.substr(0, whole.size() - 20));
  io_test::expect_error(ErrorKind::data, "cut short",
                        [&] { static_cast<void>(read_scaling_results(file.path())); });
  EXPECT_EQ(read_scaling_results(file.path(), true).summarized.size(), 3U);
}

TEST(ReadScalingResults, names_the_line_of_what_is_wrong) {
  const std::string head = study_line(made_study(true)) + "\n";
  nlohmann::json repetition =
      nlohmann::json::parse(repetition_line(made_study(true).repetitions[0], {}));
  const auto refused = [&](const std::string& text, const std::string& part) {
    const ResultsFile file(text);
    io_test::expect_error(ErrorKind::data, part,
                          [&] { static_cast<void>(read_scaling_results(file.path())); });
  };
  const auto with = [&](const char* key, const nlohmann::json& value) {
    nlohmann::json changed = repetition;
    changed[key] = value;
    return head + changed.dump() + "\n";
  };
  refused("", "line 1: the file is empty");
  refused("{}\n", "line 1");
  refused(R"({"kind": "study", "format": 99})"
          "\n",
          "format 99");
  refused(head + "{broken\n", "line 2: broken JSON");
  refused(head + R"({"kind": "other"})"
                 "\n",
          "unknown kind");
  refused(with("ranks", 0), "line 2");
  refused(with("step_seconds", -1), "step_seconds");
  refused(with("step_seconds", "fast"), "line 2");
  refused(with("imbalance", -0.1), "imbalance");
  refused(with("phases", nlohmann::json::object()), "phases lack");
  repetition.erase("hosts");
  refused(head + repetition.dump() + "\n", "hosts");
  io_test::expect_error(ErrorKind::io, "cannot read",
                        [] { static_cast<void>(read_scaling_results("/nonexistent/r.jsonl")); });
}

TEST(Numbered, puts_the_number_into_the_line) {
  const std::string line = repetition_line(made_study(true).repetitions[0], {});
  EXPECT_EQ(nlohmann::json::parse(numbered(line, 7)).at("repetition"), 7);
}

TEST(SummaryLine, is_the_median_with_its_interval) {
  std::vector<ScalingRepetition> repetitions(3, made_study(true).repetitions[0]);
  repetitions[0].step_seconds = 1;
  repetitions[1].step_seconds = 4;
  repetitions[2].step_seconds = 2;
  const auto json = nlohmann::json::parse(summary_line(repetitions));
  EXPECT_EQ(json.at("step_seconds").at("median"), 2);
  EXPECT_EQ(json.at("step_seconds").at("low"), 1);
  EXPECT_EQ(json.at("step_seconds").at("high"), 4);
  EXPECT_EQ(json.at("samples_per_second").at("median"), 64);
  EXPECT_EQ(json.at("repetitions"), 3);
}

}  // namespace
}  // namespace hourglass
