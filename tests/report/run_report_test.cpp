#include "report/run_report.hpp"

#include <gtest/gtest.h>

#include "report/small_study.hpp"
#include "support/small_model.hpp"

namespace hourglass {
namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

RunFindings findings_of_two_epochs() {
  RunFindings findings;
  findings.run = "a <run>";
  for (Index number : {1, 2}) {
    MetricsRecord record;
    record.kind = "epoch";
    record.epoch = number;
    record.sse = 8.0 / static_cast<double>(number);
    record.validation_sse = 10.0 * static_cast<double>(number);
    findings.metrics.push_back(record);
  }
  findings.remarks = {"no data & no model"};
  findings.reproduced_by = "hourglass report 'a <run>'";
  return findings;
}

Model image_model() {
  AutoencoderSpec spec;
  spec.encoder = {4, 2};
  spec.image = {2, 2, 1};
  return small_model(spec);
}

TEST(StateOfRun, tells_how_far_it_is) {
  RunFindings findings = findings_of_two_epochs();
  EXPECT_EQ(state_of_run(findings), "2 epochs recorded; no model yet");
  Model model = image_model();
  model.config.epochs = 5;
  findings.model = &model;
  EXPECT_EQ(state_of_run(findings), "finished after 2 epochs");
  model.file.header.position["epoch"] = 2;
  EXPECT_TRUE(holds(state_of_run(findings), "not finished: 2 of 5 epochs"));
}

TEST(RunReport, shows_what_was_found) {
  const std::string page = run_report(findings_of_two_epochs());
  for (const char* part :
       {"Training run a &lt;run&gt;", "no data &amp; no model", "Training", "4.0000 in epoch 2",
        "20.0000; smallest 10.0000 in epoch 1", "hourglass report &#39;a &lt;run&gt;&#39;"})
    EXPECT_TRUE(holds(page, part)) << part;
  for (const char* part : {"Reconstructions", "The code", "First layer", "nan"})
    EXPECT_FALSE(holds(page, part)) << part;
}

TEST(RunReport, shows_reconstructions_code_and_filters_of_a_model_with_samples) {
  RunFindings findings = findings_of_two_epochs();
  const Model model = image_model();
  const SampleStudy study = small_study(12, 4);
  findings.model = &model;
  findings.study = &study;
  const std::string page = run_report(findings);
  for (const char* part : {"Reconstructions", "12 of the 120 samples of small.h5:/x", "The code",
                           "1 of 2 units are dead", "First layer", "4 features to a code of 2",
                           "0123456789abcdef0123456789abcdef", "Latent traversal", "Interpolation"})
    EXPECT_TRUE(holds(page, part)) << part;
  EXPECT_EQ(page, run_report(findings)) << "the same findings, the same page";
}

}  // namespace
}  // namespace hourglass
