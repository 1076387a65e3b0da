#include "math/log_gamma.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace hourglass {
namespace {

TEST(LogGamma, log1p_equals_the_library) {
  for (double t = 1e-12; t < 1e30; t *= 1.37) {
    const auto x = static_cast<float>(t);
    const double expected = std::log1p(static_cast<double>(x));
    EXPECT_NEAR(elementwise::log1p(x), expected, 2.5e-7 * expected) << x;
  }
  EXPECT_EQ(elementwise::log1p(0.0F), 0.0F);
  EXPECT_TRUE(std::isnan(elementwise::log1p(std::numeric_limits<float>::quiet_NaN())));
}

TEST(LogGamma, log_equals_the_library) {
  for (double x = 1e-300; x < 1e300; x *= 1.73) {
    const double expected = std::log(x);
    EXPECT_NEAR(elementwise::log(x), expected, 5e-16 * std::fabs(expected) + 1e-16) << x;
  }
  EXPECT_EQ(elementwise::log(1.0), 0.0);
  EXPECT_NEAR(elementwise::log(1.0 + 1e-9), std::log1p(1e-9), 1e-24 + 3e-16);
  EXPECT_TRUE(std::isnan(elementwise::log(std::numeric_limits<double>::quiet_NaN())));
}

// Known values: psi(1) = -0.5772..., psi(1/2) = -gamma - 2 ln 2, psi(10) from its recurrence.
TEST(LogGamma, equals_the_library_and_known_slopes) {
  for (double a = 1e-4; a < 2e6; a *= 1.31) {
    const auto [value, slope] = elementwise::log_gamma(a);
    EXPECT_NEAR(value, std::lgamma(a), 1e-11 + 1e-14 * std::fabs(std::lgamma(a))) << a;
    const double h = 1e-4 * a;
    EXPECT_NEAR(slope, (std::lgamma(a + h) - std::lgamma(a - h)) / (2 * h),
                2e-7 * (1 + std::fabs(slope)))
        << a;
  }
  constexpr double euler = 0.57721566490153286061;
  EXPECT_NEAR(elementwise::log_gamma(1.0).slope, -euler, 1e-12);
  EXPECT_NEAR(elementwise::log_gamma(0.5).slope, -euler - 2 * std::log(2.0), 1e-12);
  double harmonic = 0;
  for (int k = 1; k < 10; ++k) harmonic += 1.0 / k;
  EXPECT_NEAR(elementwise::log_gamma(10.0).slope, harmonic - euler, 1e-12);
  EXPECT_NEAR(elementwise::log_gamma(1e-4).slope, -10000.577051183514, 1e-9);
}

}  // namespace
}  // namespace hourglass
