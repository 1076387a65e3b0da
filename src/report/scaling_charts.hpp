#pragma once

#include <span>
#include <string>
#include <vector>

#include "report/chart.hpp"
#include "report/scaling_model.hpp"

/// The figures of a scaling study's page. Not installed.
namespace hourglass {

/// A part of a step: its name in results files and for people.
struct ToldPhase {
  const char* name;
  const char* title;
};
inline constexpr ToldPhase detailed_phases[] = {
    {"forward", "forward"},   {"loss", "loss"},     {"backward", "backward"},
    {"tree_sum", "tree sum"}, {"update", "update"}, {"exchange", "exchange not hidden"},
    {"input", "input"},       {"other", "other"}};
/// The parts of a step that add up to it: older results tell fewer.
[[nodiscard]] std::span<const ToldPhase> told_phases(const ScalingCurve& curve);
/// Of that part, mean over ranks; 0 where the results do not tell it.
[[nodiscard]] double mean_seconds(const ScalingSummary& point, const char* name);

/// A measured quantity by ranks, one series a curve, with the interval that follows from the
/// step's.
[[nodiscard]] LineChart speedup_chart(const std::vector<ScalingCurve>& curves);
[[nodiscard]] LineChart efficiency_chart(const std::vector<ScalingCurve>& curves);
[[nodiscard]] LineChart throughput_chart(const std::vector<ScalingCurve>& curves);
/// Where a step's time goes, by ranks.
[[nodiscard]] BarChart breakdown_chart(const ScalingCurve& curve, const std::string& name);
/// Measured steps beside the model's, on to its knee.
[[nodiscard]] LineChart model_chart(const ScalingCurve& curve, const std::string& name);
/// Allreduce and messages by size, beside alpha + beta n of the first curve's model.
[[nodiscard]] LineChart network_chart(const ScalingNetwork& network,
                                      const std::vector<ScalingCurve>& curves);

}  // namespace hourglass
