#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/embedding.hpp"
#include "analysis/sample_study.hpp"
#include "report/chart.hpp"

namespace hourglass {

/// Points of the plane, one series per label, called by its name in `class_names` if there is one
/// (the ten most frequent ones; the others together), or one series without labels.
[[nodiscard]] LineChart scatter_chart(const std::string& title, const std::string& x,
                                      const std::string& y, std::span<const PlanePoint> points,
                                      std::span<const std::int64_t> labels,
                                      std::span<const std::string> class_names = {});

/// Statistics of one unit of the code over the samples.
struct UnitStatistics {
  Index unit = 0;
  double mean = 0;
  double deviation = 0;
  double smallest = 0;
  double largest = 0;
  double active = 0;  ///< share of samples with |h| above 1e-6
  bool dead = false;  ///< the same value for every sample
};
[[nodiscard]] std::vector<UnitStatistics> unit_statistics(ConstMatrix codes);

/// Histograms of units side by side, each over its own range, as one <svg> element.
[[nodiscard]] std::string histogram_svg(ConstMatrix codes, std::span<const UnitStatistics> units);

/// Mean squared error and number of samples by label.
[[nodiscard]] std::vector<std::vector<std::string>> error_by_label(const SampleStudy& study);
[[nodiscard]] BarChart error_by_label_chart(const SampleStudy& study);

}  // namespace hourglass
