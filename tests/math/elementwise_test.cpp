#include "math/elementwise.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

namespace hourglass {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

// Every sign and exponent, subnormals included, with mantissas that a prime step walks through.
std::vector<float> sweep(float lowest, float highest) {
  std::vector<float> values = {0.0F, -0.0F, 0x1p-149F, -0x1p-149F, 0x1p-126F, -0x1p-126F};
  for (std::uint64_t bits = 1; bits < 0x7f800000ULL; bits += 4099) {
    const float x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    values.push_back(x);
    values.push_back(-x);
  }
  for (int i = -150000; i <= 150000; ++i) values.push_back(static_cast<float>(i) * 1e-3F);
  std::erase_if(values, [&](float x) { return x < lowest || x > highest; });
  return values;
}

// |actual - exact| in units in the last place of the exact result.
double error_in_ulp(float actual, double exact) {
  const auto rounded = static_cast<float>(exact);
  if (std::isinf(rounded) || std::isinf(actual)) return rounded == actual ? 0 : 1e30;
  const double magnitude = std::max(std::fabs(exact), 0x1p-126);
  const double ulp = std::ldexp(1.0, std::ilogb(magnitude) - 23);
  return std::fabs(static_cast<double>(actual) - exact) / ulp;
}

struct Worst {
  double error = 0;
  float at = 0;
};

template <class Function>
Worst worst_error(Function function, const std::function<double(double)>& exact, float lowest,
                  float highest) {
  Worst worst;
  for (const float x : sweep(lowest, highest)) {
    const double error = error_in_ulp(function(x), exact(static_cast<double>(x)));
    if (!(error <= worst.error)) worst = {error, x};
  }
  return worst;
}

template <class Function>
void expect_accurate(Function function, const std::function<double(double)>& exact, double ulp,
                     float lowest = -infinity, float highest = infinity) {
  const Worst worst = worst_error(function, exact, lowest, highest);
  EXPECT_LE(worst.error, ulp) << "at " << worst.at;
  // A bound far above the true error would not notice a lost bit.
  EXPECT_GE(worst.error, ulp / 2) << "the bound is loose";
}

// The same loop as in the library: the compiler makes a vector body and a tail of it.
template <class Function>
[[gnu::noinline]] void apply(Function function, const float* x, float* y, std::int64_t size) {
  for (std::int64_t i = 0; i < size; ++i) y[i] = function(x[i]);
}

template <class Function>
void expect_same_bits_anywhere(Function function) {
  std::vector<float> x = {0.0F,     -0.0F,     1e-42F, -1e-42F, 1e-30F,  -1e-30F, 1e30F, -1e30F,
                          infinity, -infinity, 0.625F, -87.5F,  -103.9F, 88.8F,   13.1F, -13.2F};
  for (int i = 0; i < 200; ++i)
    x.push_back(static_cast<float>(std::sin(i * 1.7) * std::exp((i % 23) * 0.4 - 4.0)));
  std::vector<float> alone(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) apply(function, &x[i], &alone[i], 1);
  for (std::size_t begin = 0; begin < 40; ++begin) {
    for (std::size_t size = 1; begin + size <= x.size(); ++size) {
      std::vector<float> y(size);
      apply(function, x.data() + begin, y.data(), static_cast<std::int64_t>(size));
      for (std::size_t i = 0; i < size; ++i) {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(y[i]),
                  std::bit_cast<std::uint32_t>(alone[begin + i]))
            << "element " << i << " of " << size << " from " << begin << ", x = " << x[begin + i];
      }
    }
  }
}

constexpr auto exp_of = [](float x) { return elementwise::exp(x); };
constexpr auto expm1_of = [](float x) { return elementwise::expm1_nonpositive(x); };
constexpr auto log1p_of = [](float x) { return elementwise::log1p_unit(x); };
constexpr auto sigmoid_of = [](float x) { return elementwise::sigmoid(x); };
constexpr auto tanh_of = [](float x) { return elementwise::tanh(x); };
constexpr auto softplus_of = [](float x) { return elementwise::softplus(x); };
constexpr auto distribution_of = [](float x) { return elementwise::normal(x).distribution; };
constexpr auto density_of = [](float x) { return elementwise::normal(x).density; };

double exact_softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::fabs(x))); }
double exact_distribution(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }
double exact_density(double x) { return std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi); }

TEST(Elementwise, exp_is_accurate_everywhere) {
  expect_accurate(
      exp_of, [](double x) { return std::exp(x); }, 1.0);
}
TEST(Elementwise, expm1_is_accurate_for_nonpositive) {
  expect_accurate(
      expm1_of, [](double x) { return std::expm1(x); }, 1.0, -infinity, 0.0F);
}
TEST(Elementwise, log1p_is_accurate_on_unit_interval) {
  expect_accurate(
      log1p_of, [](double x) { return std::log1p(x); }, 1.5, 0.0F, 1.0F);
}
TEST(Elementwise, sigmoid_is_accurate_everywhere) {
  expect_accurate(
      sigmoid_of, [](double x) { return 1 / (1 + std::exp(-x)); }, 2.0);
}
TEST(Elementwise, tanh_is_accurate_everywhere) {
  expect_accurate(
      tanh_of, [](double x) { return std::tanh(x); }, 1.25);
}
TEST(Elementwise, softplus_is_accurate_everywhere) {
  expect_accurate(softplus_of, exact_softplus, 1.6);
}
TEST(Elementwise, normal_distribution_is_accurate_everywhere) {
  expect_accurate(distribution_of, exact_distribution, 5.0);
}
TEST(Elementwise, normal_density_is_accurate_everywhere) {
  expect_accurate(density_of, exact_density, 3.0);
}

TEST(Elementwise, limits_at_infinity) {
  EXPECT_EQ(elementwise::exp(-infinity), 0.0F);
  EXPECT_EQ(elementwise::exp(infinity), infinity);
  EXPECT_EQ(elementwise::expm1_nonpositive(-infinity), -1.0F);
  EXPECT_EQ(elementwise::sigmoid(-infinity), 0.0F);
  EXPECT_EQ(elementwise::sigmoid(infinity), 1.0F);
  EXPECT_EQ(elementwise::tanh(-infinity), -1.0F);
  EXPECT_EQ(elementwise::tanh(infinity), 1.0F);
  EXPECT_EQ(elementwise::softplus(-infinity), 0.0F);
  EXPECT_EQ(elementwise::softplus(infinity), infinity);
  EXPECT_EQ(elementwise::normal(-infinity).distribution, 0.0F);
  EXPECT_EQ(elementwise::normal(infinity).distribution, 1.0F);
  EXPECT_EQ(elementwise::normal(infinity).density, 0.0F);
  EXPECT_EQ(elementwise::normal(-3e38F).density, 0.0F);
}

TEST(Elementwise, propagates_nan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float x : {nan, -nan}) {
    EXPECT_TRUE(std::isnan(exp_of(x)));
    EXPECT_TRUE(std::isnan(expm1_of(x)));
    EXPECT_TRUE(std::isnan(log1p_of(x)));
    EXPECT_TRUE(std::isnan(sigmoid_of(x)));
    EXPECT_TRUE(std::isnan(tanh_of(x)));
    EXPECT_TRUE(std::isnan(softplus_of(x)));
    EXPECT_TRUE(std::isnan(distribution_of(x)));
    EXPECT_TRUE(std::isnan(density_of(x)));
  }
}

TEST(Elementwise, bits_do_not_depend_on_position_or_length) {
  expect_same_bits_anywhere(exp_of);
  expect_same_bits_anywhere(expm1_of);
  expect_same_bits_anywhere(log1p_of);
  expect_same_bits_anywhere(sigmoid_of);
  expect_same_bits_anywhere(tanh_of);
  expect_same_bits_anywhere(softplus_of);
  expect_same_bits_anywhere(distribution_of);
  expect_same_bits_anywhere(density_of);
}

}  // namespace
}  // namespace hourglass
