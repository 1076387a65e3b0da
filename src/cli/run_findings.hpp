#pragma once

#include <memory>
#include <string>

#include "cli/options.hpp"
#include "hdf5/read_options.hpp"
#include "report/run_report.hpp"

namespace hourglass {

/// A run folder opened for looking at, with all that its findings point to.
struct OpenedRun {
  RunFindings findings;
  std::unique_ptr<Model> model;
  std::unique_ptr<SampleStudy> study;
};

/// Opens a run folder: its metrics and its model, or newest valid checkpoint. Throws Error(io) when
/// it holds no run.
[[nodiscard]] OpenedRun open_run(const std::string& folder);

/// Adds the study of at most `samples` samples of `data`; an empty `data` means the run's
/// validation or training data, read as the run did, whose absence is a remark instead of an error.
/// Data of the user's own are compared with those of the training, with `scale` for their values.
void add_study(OpenedRun& run, const std::string& data, const std::string& labels, Index samples,
               const ReadOptions& reading, const GivenScale& scale);

}  // namespace hourglass
