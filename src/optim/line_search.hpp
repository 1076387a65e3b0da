#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// A function along a line, phi(a) = f(x + a d): its value and its derivative.
struct LinePoint {
  double value = 0;
  double slope = 0;
};

struct LineSearchSettings {
  std::string kind = "wolfe";         ///< see search_line
  double sufficient_decrease = 1e-4;  ///< c1
  double curvature = 0.9;             ///< c2, wolfe only
  Index max_evaluations = 20;
};

struct LineSearchResult {
  double step = 0;  ///< 0 when no step was found that decreases the function enough
  LinePoint point;  ///< phi at `step`
  Index evaluations = 0;
  double last_step = 0;  ///< of the last evaluation of phi; may differ from `step`
};

/// Finds a step along a direction of descent (start.slope < 0).
///   wolfe:  phi(a) <= phi(0) + c1 a phi'(0) and |phi'(a)| <= c2 |phi'(0)|, by bracketing and cubic
///           interpolation (Nocedal & Wright, Numerical Optimization, 2006, algorithms 3.5 and
///           3.6); at the limit of evaluations the best step that fulfils the first condition
///   armijo: the first of a, a/2, a/4, ... that fulfils the first condition
/// A value that is not finite counts as too high. Pure arithmetic in double: the same result on
/// every rank with the same phi.
[[nodiscard]] LineSearchResult search_line(const LineSearchSettings& settings,
                                           const std::function<LinePoint(double step)>& phi,
                                           LinePoint start, double first_step);
[[nodiscard]] std::vector<std::string> line_search_names();
/// Throws Error(usage) naming --line-search or --line-search-evaluations.
void check_line_search(const LineSearchSettings& settings);

}  // namespace hourglass
