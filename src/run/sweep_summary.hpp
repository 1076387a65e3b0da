#pragma once

#include <optional>
#include <string>
#include <vector>

#include "run/sweep_table.hpp"

namespace hourglass {

/// What successive halving has decided, and what that has cost.
struct SweepSummary {
  struct Rung {
    Index epochs = 0;
    Index trials = 0;  ///< that have completed it
  };
  std::vector<Rung> rungs;
  Index passes = 0;       ///< over the training data, of all trials
  Index grid_passes = 0;  ///< if every trial were trained to its end
  Index lost = 0;         ///< trials that diverged
  bool finished = false;  ///< nothing is left to train
  std::optional<TrialRow> winner;
};

/// How far all trials of a search by halving have come, from their outcomes.
[[nodiscard]] std::vector<Contender> contenders_of(const SweepPlan& plan,
                                                   const std::string& output);

/// The trained trial with the smallest error: of a search by halving, of those at the highest rung.
/// Nothing if none has a model.
[[nodiscard]] std::optional<TrialRow> winner_of(const SweepPlan& plan, const std::string& output);

/// Of a search by halving, from the rows of its table.
[[nodiscard]] SweepSummary summarize(const SweepPlan& plan, const std::vector<TrialRow>& rows,
                                     const std::string& output);
/// For a person: lines without the winner's model.
[[nodiscard]] std::string format_summary(const SweepSummary& summary);
/// A trial's settings, for messages: "learning-rate=0.01 batch=64".
[[nodiscard]] std::string settings_text(const SweepPlan& plan, Index trial);
/// Replaces <output>/summary.json.
void write_summary(const SweepPlan& plan, const SweepSummary& summary, const std::string& output);

}  // namespace hourglass
