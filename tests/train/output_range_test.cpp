#include "train/output_range.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace hourglass {
namespace {

TEST(OutputRange, IsThatOfTheFunction) {
  const auto expect = [](Activation activation, double lowest, double highest) {
    const OutputRange range = output_range(activation);
    const std::string name(name_of(activation));
    if (std::isinf(lowest)) {
      EXPECT_EQ(range.lowest, lowest) << name;
    } else {
      EXPECT_NEAR(range.lowest, lowest, 1e-3) << name;
    }
    if (std::isinf(highest)) {
      EXPECT_EQ(range.highest, highest) << name;
    } else {
      EXPECT_NEAR(range.highest, highest, 1e-3) << name;
    }
  };
  const double infinity = INFINITY;
  expect(Activation::linear, -infinity, infinity);
  expect(Activation::sigmoid, 0, 1);
  expect(Activation::tanh, -1, 1);
  expect(Activation::relu, 0, infinity);
  expect(Activation::leaky_relu, -infinity, infinity);
  expect(Activation::elu, -1, infinity);
  expect(Activation::selu, -1.0507 * 1.67326, infinity);
  expect(Activation::softplus, 0, infinity);
  // Their least values: -0.170 at z = -0.752 and -0.278 at z = -1.278.
  expect(Activation::gelu, -0.16997, infinity);
  expect(Activation::silu, -0.27846, infinity);
}

}  // namespace
}  // namespace hourglass
