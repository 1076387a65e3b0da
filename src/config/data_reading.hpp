#pragma once

#include "config/config.hpp"

namespace hourglass {

/// How the training data of a run are read: without the rows held out for validation.
[[nodiscard]] ReadOptions training_reading(const TrainConfig& config);

/// Whether a run has validation data: a data set, or rows of the training data held out.
[[nodiscard]] bool has_validation(const TrainConfig& config);
/// The address of the validation data, or "", and how they are read. The choice of rows is of the
/// training data, and so holds for the rows held out, but not for a data set of its own; that of
/// columns and windows holds for both.
[[nodiscard]] std::string validation_data(const TrainConfig& config);
[[nodiscard]] ReadOptions validation_reading(const TrainConfig& config);

/// Throws Error(usage) when the settings of the split into training and validation rows contradict
/// each other.
void check_split(const TrainConfig& config);

/// Throws Error(usage) naming a setting that knows no weights of samples, when there are some.
void check_sample_weights(const TrainConfig& config);

/// Throws Error(usage) when the settings of conditions contradict others.
void check_condition(const TrainConfig& config);

/// Throws Error(usage) when --highly-variable is combined with what it cannot be.
void check_highly_variable(const TrainConfig& config);
void check_empty_counts(const TrainConfig& config);

/// Throws Error(usage) when the settings of targets contradict others.
void check_target(const TrainConfig& config);

/// `reading` without its choice of rows, for data with rows of their own.
[[nodiscard]] ReadOptions for_other_rows(ReadOptions reading);

}  // namespace hourglass
