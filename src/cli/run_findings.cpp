#include "cli/run_findings.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "config/data_reading.hpp"
#include "data/labels.hpp"
#include "hourglass/core/error.hpp"
#include "run/metrics_reader.hpp"
#include "run/run_folder.hpp"

namespace hourglass {

OpenedRun open_run(const std::string& folder) {
  const RunFolder paths(folder);
  if (!std::filesystem::exists(paths.config_path())) {
    throw Error(
        ErrorKind::io,
        fmt::format(
            "{} holds no run (config.cfg is missing); name the folder given to train --output",
            folder));
  }
  OpenedRun run;
  run.findings.run = folder;
  if (std::filesystem::exists(paths.metrics_path()))
    run.findings.metrics = read_metrics(paths.metrics_path());
  std::string file = paths.model_path();
  if (!std::filesystem::exists(file)) {
    const auto newest = paths.newest_valid(run.findings.remarks);
    file = newest ? newest->state.path : std::string();
  }
  if (file.empty()) {
    run.findings.remarks.push_back(
        "The run has no model and no checkpoint yet: only its metrics are shown.");
    return run;
  }
  run.model = std::make_unique<Model>(load_model(file));
  run.findings.model = run.model.get();
  return run;
}

void add_study(OpenedRun& run, const std::string& data, const std::string& labels, Index samples) {
  if (run.model == nullptr) return;
  const TrainConfig& config = run.model->config;
  DatasetAddress place;
  if (!data.empty()) {
    place = parse_address(data);
    place.options = for_other_rows(config.reading);
  } else if (has_validation(config)) {
    place = parse_address(validation_data(config));
    place.options = validation_reading(config);
  } else {
    place = parse_address(config.data);
    place.options = training_reading(config);
  }
  try {
    const DatasetReader reader(place);
    const auto address =
        labels.empty() ? std::nullopt : std::optional(labels_at(labels, reader.info()));
    run.study = std::make_unique<SampleStudy>(study_samples(*run.model, reader, samples, address));
    run.findings.study = run.study.get();
  } catch (const Error& error) {
    if (!data.empty() || !labels.empty()) throw;
    run.findings.remarks.push_back(
        fmt::format("No samples are shown because the run's data cannot be read ({}); name them "
                    "with --data FILE.h5:/path.",
                    error.what()));
  }
}

}  // namespace hourglass
