#include "cli/score_report.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/feature_output.hpp"
#include "core/number_text.hpp"

namespace hourglass {

void print_json(const ScoreReport& report) {
  nlohmann::ordered_json json;
  json["samples"] = report.samples;
  json["mean"] = report.mean;
  for (std::size_t i = 0; i < report.highest.size(); ++i) {
    const auto& [score, row] = report.highest[i];
    nlohmann::ordered_json sample = {{"row", row}, {"score", score}};
    if (!report.highest_odd.empty())
      sample["features"] = to_json(report.highest_odd[i], *report.transform, report.names);
    if (!report.highest_steps.empty()) sample["time_step"] = report.highest_steps[i];
    json["highest"].push_back(sample);
  }
  if (report.threshold) {
    json["threshold"] = *report.threshold;
    json["flagged"] = report.flagged;
  }
  if (report.labels) {
    json["anomalies"] = report.labels->positives;
    json["auroc"] = report.labels->auroc;
    json["average_precision"] = report.labels->average_precision;
    if (report.threshold) json["flagged_anomalies"] = report.flagged_anomalies;
  }
  fmt::print("{}\n", json.dump());
}

void print_text(const ScoreReport& report) {
  fmt::print("samples    {}\nmean score {}   {}\nhighest   ", report.samples,
             decimal_text(report.mean, 6), report.meaning);
  for (std::size_t i = 0; i < report.highest.size(); ++i) {
    const auto& [score, row] = report.highest[i];
    if (report.highest_steps.empty()) {
      fmt::print("  row {} ({})", row, decimal_text(score, 4));
    } else {
      fmt::print("  window {} from time step {} ({})", row, report.highest_steps[i],
                 decimal_text(score, 4));
    }
  }
  fmt::print("\n");
  for (const OddFeatures& odd : report.highest_odd)
    fmt::print("  row {}: {}\n", odd.row, describe(odd, *report.transform, report.names));
  if (report.threshold) {
    fmt::print("threshold  {}   the {} quantile of {}\nflagged    {}   score above the threshold\n",
               decimal_text(*report.threshold, 6), report.quantile, report.fit, report.flagged);
  }
  if (!report.labels) return;
  fmt::print(
      "anomalies  {}   according to the labels\nauroc      {:.6f}\nap         {:.6f}   average "
      "precision\n",
      report.labels->positives, report.labels->auroc, report.labels->average_precision);
  if (report.threshold) {
    fmt::print("recall     {:.6f}   of anomalies flagged\nprecision  {:.6f}   of flagged samples\n",
               static_cast<double>(report.flagged_anomalies) /
                   static_cast<double>(report.labels->positives),
               report.flagged > 0 ? static_cast<double>(report.flagged_anomalies) /
                                        static_cast<double>(report.flagged)
                                  : 0.0);
  }
}

}  // namespace hourglass
