#include "cli/run_findings.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "config/data_reading.hpp"
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
  run.model = std::make_unique<Model>(load_model(file, true));
  if (!run.model->config.model.conditions.empty()) {
    run.findings.remarks.push_back(
        "Codes and reconstructions are those of samples whose conditions are unknown.");
  }
  run.findings.model = run.model.get();
  return run;
}

void add_study(OpenedRun& run, const std::string& data, const std::string& labels, Index samples,
               const ReadOptions& reading, const GivenScale& scale) {
  if (run.model == nullptr) return;
  const TrainConfig& config = run.model->config;
  const bool validates = has_validation(config);
  try {
    DatasetAddress place = parse_address(!data.empty() ? data
                                         : validates   ? validation_data(config)
                                                       : config.data);
    if (data.empty()) {
      place.options = validates ? validation_reading(config) : training_reading(config);
      place.options.allow_external |= reading.allow_external;
      if (!reading.views.rows.empty()) place.options.views.rows = reading.views.rows;
      if (reading.views.part != DataPart::all) place.options.views.part = reading.views.part;
    } else {
      place.options = reading;
    }
    const MatchedData matched = match_data(
        std::make_unique<DatasetReader>(place),
        place.options.target.empty() ? run.model->input() : run.model->pair_input(), scale);
    auto address = labels.empty() ? std::nullopt : std::optional(parse_address(labels));
    if (address) {
      address->options = matched.reader->info().address.options;
      address->options.target.clear();
    }
    run.study = std::make_unique<SampleStudy>(
        study_samples(*run.model, *matched.reader, samples, address, &matched.transform));
    for (const std::string& note : matched.notes) run.findings.remarks.push_back(note);
    run.findings.study = run.study.get();
    if (!run.study->label_remark.empty()) {
      run.findings.remarks.push_back(
          fmt::format("No labels are shown: {}.", run.study->label_remark));
    }
  } catch (const Error& error) {
    if (!data.empty() || !labels.empty()) throw;
    run.findings.remarks.push_back(
        fmt::format("No samples are shown because the run's data cannot be read ({}); name them "
                    "with --data FILE.h5:/path.",
                    error.what()));
  }
}

}  // namespace hourglass
