#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/core/types.hpp"
#include "run/successive_halving.hpp"

namespace hourglass {

/// One setting that a sweep varies: over given values, or (random search) over a range.
struct SweepAxis {
  enum class Kind { values, linear, logarithmic, integer };

  std::string text;  ///< as the user wrote it: name=a,b,c or name=log:LOW:HIGH
  std::string name;
  Kind kind = Kind::values;
  std::vector<std::string> values;
  double low = 0;
  double high = 0;

  /// "name=a,b,c", or "name=a b c": blanks separate when there are any, so that values may hold
  /// commas (layers=20,3 20,10,3). Throws Error(usage).
  [[nodiscard]] static SweepAxis from_values(const std::string& text);
  /// "name=log:LOW:HIGH", "name=linear:LOW:HIGH" or "name=integer:LOW:HIGH" (HIGH included). Throws
  /// Error(usage).
  [[nodiscard]] static SweepAxis from_range(const std::string& text);
};

/// Which trials a sweep has: the grid of all combinations, the last axis running fastest, or
/// `random` draws. A trial's values are a function of the plan and of its number, so that tasks
/// share them out without talking, and a random search may be prolonged.
struct SweepPlan {
  std::vector<SweepAxis> axes;
  Index random = 0;  ///< number of draws; 0: the grid
  std::uint64_t seed = 1;
  std::vector<std::string> options;  ///< what every trial gets besides: words for `hourglass train`
  std::optional<HalvingSettings> halving;  ///< none: every trial is trained to its end

  [[nodiscard]] Index trials() const;
  /// One text an axis. `trial` counts from 0.
  [[nodiscard]] std::vector<std::string> values(Index trial) const;
};

/// Throws Error(usage): no axes, an axis given twice, a range in a grid, a grid of more than a
/// million trials.
void check_plan(const SweepPlan& plan);

}  // namespace hourglass
