#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/sample_study.hpp"
#include "report/html.hpp"
#include "run/metrics.hpp"
#include "run/model_file.hpp"

namespace hourglass {

/// The parts of a run folder that were found.
struct RunFindings {
  std::string run;                     ///< the run folder
  std::vector<MetricsRecord> metrics;  ///< all of metrics.jsonl
  const Model* model = nullptr;        ///< model.h5, or the newest checkpoint of an unfinished run
  const SampleStudy* study = nullptr;  ///< null when the data could not be read
  std::vector<std::string> remarks;    ///< missing parts, and how to provide them
  std::string reproduced_by;           ///< the command that wrote this page
  std::string state;  ///< what is known better than from the files; "" when nothing is
};

/// The part of a report that comes from metrics: the summary and the curves of the training.
void add_progress(HtmlPage& page, const RunFindings& findings);

/// A training run as a self-contained page: curves, reconstructions, the code, filters, settings,
/// and the commands that reproduce it.
[[nodiscard]] std::string run_report(const RunFindings& findings);

/// "finished after 10 epochs" and the like.
[[nodiscard]] std::string state_of_run(const RunFindings& findings);

}  // namespace hourglass
