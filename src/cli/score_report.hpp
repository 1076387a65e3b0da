#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analysis/anomaly.hpp"
#include "analysis/feature_errors.hpp"
#include "data/normalization.hpp"

namespace hourglass {

/// The results of `score`.
struct ScoreReport {
  Index samples = 0;
  double mean = 0;
  std::vector<std::pair<double, Index>> highest;
  std::vector<Index> highest_steps;  ///< the first time steps of these windows
  std::optional<double> threshold;
  Index flagged = 0;
  std::optional<Detection> labels;
  Index flagged_anomalies = 0;
  std::vector<std::string> names;             ///< of the features
  std::vector<OddFeatures> highest_odd;       ///< of `highest`, with --per-feature
  const InputTransform* transform = nullptr;  ///< of the model's outputs
  std::string meaning;                        ///< of a score, in words
  double quantile = 0;                        ///< of the samples `fit` that gave the threshold
  std::string fit;
};

void print_json(const ScoreReport& report);
void print_text(const ScoreReport& report);

}  // namespace hourglass
