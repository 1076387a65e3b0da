#include "optim/check.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

using Check = void (*)(std::string_view, double);

void expect(Check check, const std::vector<double>& good, const std::vector<double>& bad) {
  for (const double value : good) EXPECT_NO_THROW(check("--rate", value)) << value;
  for (const double value : bad) {
    try {
      check("--rate", value);
      ADD_FAILURE() << "accepted " << value;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_TRUE(std::string(error.what()).starts_with("--rate is ")) << error.what();
    }
  }
}

TEST(CheckNotNegative, range) {
  expect(check_not_negative, {0, 1e-300, 5}, {-1e-300, nan, infinity});
}

TEST(CheckPositive, range) { expect(check_positive, {1e-300, 5}, {0, -1, nan, infinity}); }

TEST(CheckCoefficient, range) { expect(check_coefficient, {0, 0.999}, {-0.1, 1, nan, infinity}); }

TEST(CheckPositiveFloat, range) {
  expect(check_positive_float, {1.2e-38, 1, 3e38}, {0, 1e-39, 4e38, -1, nan});
}

TEST(ThrowUnknownChoice, lists_the_choices) {
  const std::vector<std::string> choices = {"red", "blue"};
  try {
    throw_unknown_choice("--colour", "green", choices);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    const std::string message = error.what();
    for (const char* const part : {"--colour", "'green'", "red, blue"})
      EXPECT_NE(message.find(part), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace hourglass
