#pragma once

#include "cli/sweep_trial.hpp"
#include "run/sweep_table.hpp"

namespace hourglass {

/// Throws Error(usage) when a trial with these settings could not be trained on its training and
/// validation samples together: without validation, with a schedule that depends on it, or with
/// further data that belong to the rows of --data.
void check_retraining(const TrainConfig& config);

/// The settings of the winner's second training: on all samples of --data where some were held out,
/// or on those of --data and then those of --validation; without validation, and therefore for the
/// epochs of the winner's model (--keep-best, --early-stopping). `winner` has the settings of its
/// run.
[[nodiscard]] TrainConfig retraining_config(const TrainConfig& winner, Index epochs);

/// Trains the winner's settings on all samples, in <output>/winner-0007 for trial 7, beside which
/// are its settings and its log. Goes on where it was stopped or killed. Returns the model's path,
/// or "" while another process does it. Throws Error(stopped), and the error of a training that
/// failed.
[[nodiscard]] std::string retrain_winner(const Sweep& sweep, const TrialRow& winner);

}  // namespace hourglass
