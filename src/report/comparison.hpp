#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "report/chart.hpp"
#include "report/html.hpp"
#include "run/metrics.hpp"

namespace hourglass {

/// A run as a comparison shows it; models and data are not opened.
struct ComparedRun {
  std::string name;  ///< its folder
  TrainConfig config;
  std::vector<MetricsRecord> metrics;  ///< all of metrics.jsonl
  bool has_model = false;              ///< model.h5 is there: the run has finished
  std::string state;  ///< of a run that is watched: "running" and the like; "" of others
  std::string page;   ///< the relative address of a page of its own; "" when there is none
};

/// What the runs are ranked by: the smallest validation error, or if a run has none, the training
/// error of its last epoch. None of a run without an epoch.
struct Outcome {
  Index epochs = 0;
  double loss = 0;
  double sse = 0;
  std::optional<double> validation_sse;       ///< of the last epoch
  std::optional<double> best_validation_sse;  ///< the smallest
  Index best_epoch = 0;                       ///< the epoch of that
  double seconds = 0;  ///< of the slowest rank in passes, exchange, input and checkpoints
  double samples_per_second = 0;
};
[[nodiscard]] std::optional<Outcome> outcome_of(const ComparedRun& run);

/// The best run first; those without an epoch last. Runs with a validation error come before those
/// without one, whose errors are of other samples.
void rank_runs(std::vector<ComparedRun>& runs);

/// A setting with its value in each run. Where a run writes and reports is left out.
struct ComparedSetting {
  std::string name;
  std::vector<std::string> values;
};
/// Those in which runs differ, in the order of --help.
[[nodiscard]] std::vector<ComparedSetting> differing_settings(std::span<const ComparedRun> runs);

/// A quantity of all runs over their epochs, a curve each, thinned to what a chart can show.
[[nodiscard]] LineChart comparison_chart(std::span<const ComparedRun> runs,
                                         const std::string& title, const std::string& label,
                                         double (*value)(const MetricsRecord&));

/// "finished", "3 of 9 epochs", "running: 3 of 9 epochs".
[[nodiscard]] std::string state_of_run(const ComparedRun& run);

/// Several runs: table of results and of settings that differ, curves, speed, and the settings that
/// all share. `runs` are ranked and at least one; charts show the first 12.
void add_comparison(HtmlPage& page, std::span<const ComparedRun> runs);

/// The same as a self-contained page.
[[nodiscard]] std::string comparison_page(std::span<const ComparedRun> runs,
                                          std::span<const std::string> remarks,
                                          const std::string& reproduced_by);

}  // namespace hourglass
