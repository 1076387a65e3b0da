#include "optim/line_search.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hourglass/core/error.hpp"
#include "optim/check.hpp"

namespace hourglass {

namespace {

struct Trial {
  double step = 0;
  LinePoint point;
};

class Search {
 public:
  Search(const LineSearchSettings& settings, const std::function<LinePoint(double)>& phi,
         LinePoint start)
      : settings_(settings), phi_(phi), start_{0, start} {}

  LineSearchResult backtrack(double first_step) {
    for (Trial trial = evaluate(first_step); true; trial = evaluate(trial.step / 2)) {
      if (decreases(trial)) return result(trial);
      if (exhausted()) return result(start_);
    }
  }

  LineSearchResult wolfe(double first_step) {
    Trial before = start_;
    for (Trial trial = evaluate(first_step); true; trial = evaluate(2 * trial.step)) {
      if (!decreases(trial) || (before.step > 0 && trial.point.value >= before.point.value))
        return zoom(before, trial);
      if (is_flat(trial)) return result(trial);
      if (trial.point.slope >= 0) return zoom(trial, before);
      if (exhausted()) return result(trial);
      before = trial;
    }
  }

 private:
  // `low` fulfils the first condition (or is the start) and has the smallest value so far; its
  // slope points towards `high`.
  LineSearchResult zoom(Trial low, Trial high) {
    while (!exhausted()) {
      const Trial trial = evaluate(between(low, high));
      if (trial.step == low.step || trial.step == high.step) break;  // the interval is empty
      if (!decreases(trial) || trial.point.value >= low.point.value) {
        high = trial;
        continue;
      }
      if (is_flat(trial)) return result(trial);
      if (trial.point.slope * (high.step - low.step) >= 0) high = low;
      low = trial;
    }
    return result(low);
  }

  // The minimum of the cubic through both values and slopes, kept off the ends of the interval.
  static double between(const Trial& a, const Trial& b) {
    const double width = b.step - a.step;
    double step = a.step + width / 2;
    if (std::isfinite(b.point.value) && std::isfinite(b.point.slope)) {
      const double d1 = a.point.slope + b.point.slope - 3 * (b.point.value - a.point.value) / width;
      const double square = d1 * d1 - a.point.slope * b.point.slope;
      if (square >= 0) {
        const double d2 = std::copysign(std::sqrt(square), width);
        const double cubic =
            b.step - width * (b.point.slope + d2 - d1) / (b.point.slope - a.point.slope + 2 * d2);
        if (std::isfinite(cubic)) step = cubic;
      }
    }
    const double margin = 0.1 * std::abs(width);
    return std::clamp(step, std::min(a.step, b.step) + margin, std::max(a.step, b.step) - margin);
  }

  [[nodiscard]] bool decreases(const Trial& trial) const {
    return trial.point.value <=
           start_.point.value + settings_.sufficient_decrease * trial.step * start_.point.slope;
  }
  [[nodiscard]] bool is_flat(const Trial& trial) const {
    return std::abs(trial.point.slope) <= settings_.curvature * std::abs(start_.point.slope);
  }
  [[nodiscard]] bool exhausted() const { return evaluations_ >= settings_.max_evaluations; }
  Trial evaluate(double step) {
    ++evaluations_;
    last_step_ = step;
    return {step, phi_(step)};
  }
  [[nodiscard]] LineSearchResult result(const Trial& trial) const {
    return {trial.step, trial.point, evaluations_, last_step_};
  }

  const LineSearchSettings& settings_;
  const std::function<LinePoint(double)>& phi_;
  Trial start_;
  Index evaluations_ = 0;
  double last_step_ = 0;
};

}  // namespace

LineSearchResult search_line(const LineSearchSettings& settings,
                             const std::function<LinePoint(double)>& phi, LinePoint start,
                             double first_step) {
  require(start.slope < 0 && first_step > 0,
          "a line search along a direction that does not descend");
  Search search(settings, phi, start);
  return settings.kind == "armijo" ? search.backtrack(first_step) : search.wolfe(first_step);
}

std::vector<std::string> line_search_names() { return {"wolfe", "armijo"}; }

void check_line_search(const LineSearchSettings& settings) {
  const auto names = line_search_names();
  if (std::ranges::find(names, settings.kind) == names.end())
    throw_unknown_choice("--line-search", settings.kind, names);
  if (settings.max_evaluations < 1) {
    throw Error(ErrorKind::usage,
                fmt::format("--line-search-evaluations is {}; it must be at least 1",
                            settings.max_evaluations));
  }
}

}  // namespace hourglass
