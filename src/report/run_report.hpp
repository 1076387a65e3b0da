#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analysis/sample_study.hpp"
#include "run/metrics.hpp"
#include "run/model_file.hpp"

namespace hourglass {

/// What a run left behind, as far as it was found.
struct RunFindings {
  std::string run;                     ///< the run folder
  std::vector<MetricsRecord> metrics;  ///< all of metrics.jsonl
  const Model* model = nullptr;        ///< model.h5, or the newest checkpoint of a run that goes on
  const SampleStudy* study = nullptr;  ///< none when the data are not at hand
  std::vector<std::string> remarks;    ///< what was not found, and what to do about it
  std::string reproduced_by;           ///< the command that makes this page
};

/// A training run as one page that needs nothing else: curves, reconstructions, the code, filters,
/// settings, and the commands to have it all again.
[[nodiscard]] std::string run_report(const RunFindings& findings);

/// "finished after 10 epochs" and the like.
[[nodiscard]] std::string state_of_run(const RunFindings& findings);

}  // namespace hourglass
