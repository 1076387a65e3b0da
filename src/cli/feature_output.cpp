#include "cli/feature_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/text_list.hpp"
#include "data/original_units.hpp"

namespace hourglass {

namespace {

// A longer table is not readable.
constexpr std::size_t most_printed = 20;

double value_of(const OddFeatures& odd, std::size_t i, const InputTransform& transform) {
  return original_value(transform, static_cast<std::size_t>(odd.features[i]), odd.values[i]);
}
double reconstruction_of(const OddFeatures& odd, std::size_t i, const InputTransform& transform) {
  return original_value(transform, static_cast<std::size_t>(odd.features[i]),
                        odd.reconstructions[i]);
}
const std::string& name_of_feature(const OddFeatures& odd, std::size_t i,
                                   const std::vector<std::string>& names) {
  return names[static_cast<std::size_t>(odd.features[i])];
}

}  // namespace

FeatureTable feature_table(const FeatureErrors& errors, const InputTransform& transform,
                           std::vector<std::string> names) {
  FeatureTable table;
  table.names = std::move(names);
  const double sum = std::accumulate(errors.mse.begin(), errors.mse.end(), 0.0);
  for (std::size_t f = 0; f < errors.mse.size(); ++f) {
    const double unit = original_unit(transform, f);
    table.rmse.push_back(std::sqrt(errors.mse[f]) * unit);
    table.bias.push_back(errors.bias[f] * unit);
    table.share.push_back(sum > 0 ? errors.mse[f] / sum : 0);
  }
  return table;
}

void print_features(const FeatureTable& table) {
  std::vector<std::size_t> order(table.names.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const std::size_t shown = std::min(most_printed, order.size());
  if (shown < order.size()) {
    std::ranges::stable_sort(
        order, [&](std::size_t a, std::size_t b) { return table.share[a] > table.share[b]; });
  }
  std::size_t width = std::string("feature").size();
  for (std::size_t i = 0; i < shown; ++i) width = std::max(width, table.names[order[i]].size());
  fmt::print("{:<{}}  {:>12}  {:>12}  {:>10}\n", "feature", width, "rmse", "bias", "share");
  for (std::size_t i = 0; i < shown; ++i) {
    const std::size_t f = order[i];
    fmt::print("{:<{}}  {:>12.6g}  {:>12.6g}  {:>8.2f} %\n", table.names[f], width, table.rmse[f],
               table.bias[f], 100 * table.share[f]);
  }
  if (shown < order.size())
    fmt::print("... {} features, the largest shares first; --json has all\n", order.size());
}

void add_features(const FeatureTable& table, nlohmann::ordered_json& json) {
  json["features"] = nlohmann::ordered_json::array();
  for (std::size_t f = 0; f < table.names.size(); ++f) {
    json["features"].push_back({{"name", table.names[f]},
                                {"rmse", table.rmse[f]},
                                {"bias", table.bias[f]},
                                {"share", table.share[f]}});
  }
}

std::string describe(const OddFeatures& odd, const InputTransform& transform,
                     const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < odd.cells.size(); ++i) {
    text += fmt::format("{}{} {} (reconstructed {})", i == 0 ? "" : ", ",
                        name_of_feature(odd, i, names), odd.cells[i].value,
                        odd.cells[i].reconstruction);
  }
  if (!odd.cells.empty()) return text;
  for (std::size_t i = 0; i < odd.features.size(); ++i) {
    text += fmt::format("{}{} {:.6g} (reconstructed {:.6g})", i == 0 ? "" : ", ",
                        name_of_feature(odd, i, names), value_of(odd, i, transform),
                        reconstruction_of(odd, i, transform));
  }
  return text;
}

nlohmann::ordered_json to_json(const OddFeatures& odd, const InputTransform& transform,
                               const std::vector<std::string>& names) {
  auto json = nlohmann::ordered_json::array();
  const auto cell = [](const OddCell& of, const std::string& text) {
    return of.is_number ? nlohmann::ordered_json(std::stod(text)) : nlohmann::ordered_json(text);
  };
  for (std::size_t i = 0; i < odd.cells.size(); ++i) {
    json.push_back({{"name", name_of_feature(odd, i, names)},
                    {"value", cell(odd.cells[i], odd.cells[i].value)},
                    {"reconstruction", cell(odd.cells[i], odd.cells[i].reconstruction)}});
  }
  if (!odd.cells.empty()) return json;
  for (std::size_t i = 0; i < odd.features.size(); ++i) {
    json.push_back({{"name", name_of_feature(odd, i, names)},
                    {"value", value_of(odd, i, transform)},
                    {"reconstruction", reconstruction_of(odd, i, transform)}});
  }
  return json;
}

std::string csv_header() { return "row,score,rank,feature,value,reconstruction\n"; }

std::string csv_lines(const std::vector<OddFeatures>& odd, std::span<const double> scores,
                      const InputTransform& transform, const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t r = 0; r < odd.size(); ++r) {
    for (std::size_t i = 0; i < odd[r].cells.size(); ++i) {
      text +=
          fmt::format("{},{},{},{},{},{}\n", odd[r].row, scores[r], i + 1,
                      csv_field(name_of_feature(odd[r], i, names)),
                      csv_field(odd[r].cells[i].value), csv_field(odd[r].cells[i].reconstruction));
    }
    if (!odd[r].cells.empty()) continue;
    for (std::size_t i = 0; i < odd[r].features.size(); ++i) {
      text += fmt::format("{},{},{},{},{:.9g},{:.9g}\n", odd[r].row, scores[r], i + 1,
                          csv_field(name_of_feature(odd[r], i, names)),
                          value_of(odd[r], i, transform), reconstruction_of(odd[r], i, transform));
    }
  }
  return text;
}

}  // namespace hourglass
