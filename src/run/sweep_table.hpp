#pragma once

#include <optional>
#include <string>
#include <vector>

#include "run/sweep_plan.hpp"

namespace hourglass {

/// Where a trial's files are: <output>/trial-0001 is its run folder, and beside it lie its log and
/// how it ended.
struct TrialFiles {
  std::string folder;
  std::string log;
  std::string outcome;
  std::string lock;
};
/// `trial` counts from 0, names from 1.
[[nodiscard]] TrialFiles trial_files(const std::string& output, Index trial);

/// The error of a trial where it had completed a rung of successive halving.
struct RungResult {
  Index epochs = 0;
  double error = 0;  ///< of validation; not finite: there is none
};

/// How a trial ended.
struct TrialOutcome {
  std::string status;  ///< done, diverged, refused (by its settings or data), failed, stopped;
                       ///< paused at a rung, or running to one
  int code = 0;
  std::string message;                 ///< what it said on standard error
  double seconds = 0;                  ///< over all its starts
  std::vector<RungResult> rungs = {};  ///< those completed, in order
  Index goal = 0;  ///< epochs of the rung that it has begun and not completed; 0: none

  /// Whether trying again would give the same.
  [[nodiscard]] bool is_final() const {
    return status == "done" || status == "diverged" || status == "refused";
  }
};
[[nodiscard]] std::optional<TrialOutcome> read_outcome(const TrialFiles& files);
void write_outcome(const TrialFiles& files, const TrialOutcome& outcome);

/// One trial's line of the table of results.
struct TrialRow {
  Index trial = 0;
  std::vector<std::string> values;
  TrialOutcome outcome;  ///< status "waiting" or "running" when it has not ended
  Index passes = 0;      ///< over the training data, those of pretraining included
  std::optional<Index> epochs;
  std::optional<Index> model_epoch;  ///< of the figures: the last, or with --keep-best the best
  std::optional<double> loss;
  std::optional<double> sse;
  std::optional<double> validation_sse;
};

/// The validation error of the run in `folder` after `epochs` epochs of the whole network, or after
/// its last one if it has ended before; with --keep-best the smallest until then. Not finite
/// without validation. Nothing while the run has not come so far.
[[nodiscard]] std::optional<double> error_at_rung(const std::string& folder, Index epochs);

/// The columns that a table may be sorted by.
[[nodiscard]] const std::vector<std::string>& sort_columns();

/// Reads all trials' files, the smallest `sort` first and those without a figure last. With
/// successive halving errors are compared within a rung, and the highest rung comes first.
[[nodiscard]] std::vector<TrialRow> read_rows(const SweepPlan& plan, const std::string& output,
                                              const std::string& sort);
/// The table for a person.
[[nodiscard]] std::string format_rows(const SweepPlan& plan, const std::vector<TrialRow>& rows);
/// Replaces <output>/results.csv and results.json, whole.
void write_rows(const SweepPlan& plan, const std::vector<TrialRow>& rows,
                const std::string& output);

}  // namespace hourglass
