#pragma once

#include <span>
#include <string>
#include <vector>

#include "report/chart.hpp"
#include "report/scaling_model.hpp"

/// The figures of a scaling study's page.
namespace hourglass {

/// A phase of a step: its name in results files and in charts.
struct ReportedPhase {
  const char* name;
  const char* title;
};
inline constexpr ReportedPhase detailed_phases[] = {
    {"forward", "forward"},   {"loss", "loss"},     {"backward", "backward"},
    {"tree_sum", "tree sum"}, {"update", "update"}, {"exchange", "exchange not hidden"},
    {"input", "input"},       {"other", "other"}};
/// The phases that add up to a step: older results have fewer.
[[nodiscard]] std::span<const ReportedPhase> reported_phases(const ScalingCurve& curve);
/// Seconds of that phase, mean over ranks; 0 where the results lack it.
[[nodiscard]] double mean_seconds(const ScalingSummary& point, const char* name);

/// A measured quantity by ranks, one series per curve, with the interval that follows from
/// that of the step.
[[nodiscard]] LineChart speedup_chart(const std::vector<ScalingCurve>& curves);
[[nodiscard]] LineChart efficiency_chart(const std::vector<ScalingCurve>& curves);
[[nodiscard]] LineChart throughput_chart(const std::vector<ScalingCurve>& curves);
/// Seconds of each phase of a step, by ranks.
[[nodiscard]] BarChart breakdown_chart(const ScalingCurve& curve, const std::string& name);
/// Measured steps and those of the model, up to its knee.
[[nodiscard]] LineChart model_chart(const ScalingCurve& curve, const std::string& name);
/// Times of allreduce and messages by size, with alpha + beta n of the first curve's model.
[[nodiscard]] LineChart network_chart(const ScalingNetwork& network,
                                      const std::vector<ScalingCurve>& curves);

}  // namespace hourglass
