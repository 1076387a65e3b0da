#include "optim/line_search.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

using Line = std::function<LinePoint(double)>;

std::vector<std::pair<const char*, Line>> lines() {
  return {
      {"parabola",
       [](double a) {
         return LinePoint{(a - 3) * (a - 3), 2 * (a - 3)};
       }},
      {"narrow",
       [](double a) {
         return LinePoint{1e6 * (a - 1e-3) * (a - 1e-3), 2e6 * (a - 1e-3)};
       }},
      {"flat tail",
       [](double a) {
         return LinePoint{-a / (a * a + 2), (a * a - 2) / ((a * a + 2) * (a * a + 2))};
       }},
      {"wall",
       [](double a) {
         // Not a number beyond 0.5.
         return a < 0.5 ? LinePoint{-std::log(0.5 - a) - 20 * a, 1 / (0.5 - a) - 20}
                        : LinePoint{std::nan(""), std::nan("")};
       }},
  };
}

TEST(LineSearch, steps_fulfil_the_strong_wolfe_conditions) {
  for (const auto& [name, phi] : lines()) {
    const LinePoint start = phi(0);
    for (const double first : {1e-4, 0.1, 1.0, 50.0, 1e4}) {
      LineSearchSettings settings;
      settings.max_evaluations = 60;
      const LineSearchResult found = search_line(settings, phi, start, first);
      ASSERT_GT(found.step, 0) << name << " from " << first;
      const LinePoint at = phi(found.step);
      EXPECT_EQ(at.value, found.point.value);
      EXPECT_LE(at.value, start.value + settings.sufficient_decrease * found.step * start.slope)
          << name << " from " << first;
      EXPECT_LE(std::abs(at.slope), settings.curvature * std::abs(start.slope))
          << name << " from " << first;
      EXPECT_EQ(found.last_step, found.step);
    }
  }
}

TEST(LineSearch, armijo_takes_the_first_half_that_decreases_enough) {
  LineSearchSettings settings;
  settings.kind = "armijo";
  const auto parabola = lines().front().second;
  const LineSearchResult found = search_line(settings, parabola, parabola(0), 40);
  EXPECT_EQ(found.step, 5);  // 40, 20, 10 do not decrease
  EXPECT_EQ(found.evaluations, 4);
}

TEST(LineSearch, keeps_to_its_limit_and_never_goes_up) {
  for (const auto& [name, phi] : lines()) {
    const LinePoint start = phi(0);
    if (!(start.slope < 0)) continue;
    for (const char* kind : {"wolfe", "armijo"}) {
      for (const Index limit : {1, 2, 5}) {
        Index count = 0;
        LineSearchSettings settings;
        settings.kind = kind;
        settings.max_evaluations = limit;
        const LineSearchResult found = search_line(
            settings, [&, line = phi](double a) { return ++count, line(a); }, start, 1e3);
        EXPECT_LE(count, limit) << name;
        EXPECT_EQ(found.evaluations, count) << name;
        if (found.step > 0) {
          EXPECT_LT(found.point.value, start.value) << name;
        }
      }
    }
  }
}

TEST(LineSearch, no_descent_gives_no_step) {
  // A wrong slope: the function rises.
  const LineSearchResult found = search_line(
      {},
      [](double a) {
        return LinePoint{a, 1};
      },
      {0, -1}, 1);
  EXPECT_EQ(found.step, 0);
  EXPECT_EQ(found.evaluations, LineSearchSettings{}.max_evaluations);
}

TEST(LineSearch, bad_settings_are_named) {
  LineSearchSettings settings;
  settings.kind = "wolf";
  EXPECT_THROW(check_line_search(settings), Error);
  settings.kind = "armijo";
  settings.max_evaluations = 0;
  EXPECT_THROW(check_line_search(settings), Error);
}

}  // namespace
}  // namespace hourglass
