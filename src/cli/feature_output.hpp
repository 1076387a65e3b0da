#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "analysis/feature_errors.hpp"
#include "cli/model_arguments.hpp"

namespace hourglass {

/// The columns of `evaluate --per-feature`, one row for each feature, in the units of the data.
struct FeatureTable {
  std::vector<std::string> names;
  std::vector<double> rmse;   ///< root of the mean squared error
  std::vector<double> bias;   ///< mean of reconstruction minus value
  std::vector<double> share;  ///< of the network's squared error
};
[[nodiscard]] FeatureTable feature_table(const FeatureErrors& errors,
                                         const InputTransform& transform,
                                         std::vector<std::string> names);
void print_features(const FeatureTable& table);
void add_features(const FeatureTable& table, nlohmann::ordered_json& json);

/// A sample's odd features as one line, in the units of the data: "pressure 3.1 (reconstructed
/// 1.2), ...".
[[nodiscard]] std::string describe(const OddFeatures& odd, const InputTransform& transform,
                                   const std::vector<std::string>& names);
[[nodiscard]] nlohmann::ordered_json to_json(const OddFeatures& odd,
                                             const InputTransform& transform,
                                             const std::vector<std::string>& names);

/// Lines of a CSV file: row, score, rank of the feature, its name, value and reconstruction, in the
/// units of the data. `scores` are of the same rows.
[[nodiscard]] std::string csv_lines(const std::vector<OddFeatures>& odd,
                                    std::span<const double> scores, const InputTransform& transform,
                                    const std::vector<std::string>& names);
[[nodiscard]] std::string csv_header();

}  // namespace hourglass
