#include "nn/activation.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "hourglass/core/error.hpp"
#include "nn/reference.hpp"

namespace hourglass {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

std::vector<Activation> all_activations() {
  std::vector<Activation> result;
  for (const auto& name : activation_names()) result.push_back(activation_from(name));
  return result;
}

std::uint32_t bits(float x) { return std::bit_cast<std::uint32_t>(x); }

std::vector<float> normal_values(Index count, std::uint32_t seed, float deviation = 2) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, deviation);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = normal(random);
  return values;
}

class EveryActivation : public testing::TestWithParam<Activation> {};

INSTANTIATE_TEST_SUITE_P(Nn, EveryActivation, testing::ValuesIn(all_activations()),
                         [](const auto& instance) {
                           std::string name(name_of(instance.param));
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(ActivationNames, there_and_back) {
  EXPECT_EQ(activation_from("leaky-relu"), Activation::leaky_relu);
  for (const auto& name : activation_names()) EXPECT_EQ(name_of(activation_from(name)), name);
}

TEST(ActivationNames, unknown_one_lists_them) {
  try {
    (void)activation_from("rleu");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error.what()).find("rleu"), std::string::npos);
    for (const auto& name : activation_names())
      EXPECT_NE(std::string(error.what()).find(name), std::string::npos);
  }
}

TEST_P(EveryActivation, forward_adds_bias_and_equals_reference) {
  const Index rows = 6;
  const Index columns = 37;
  const Index stride = 41;
  auto z = normal_values(rows * stride, 1, 4);
  const auto before = z;
  const auto bias = normal_values(columns, 2);
  std::vector<float> saved(static_cast<std::size_t>(rows * columns));
  activation_forward(GetParam(), bias, Matrix(z.data(), rows, columns, stride),
                     Matrix(saved.data(), rows, columns));
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < stride; ++c) {
      const auto i = static_cast<std::size_t>(r * stride + c);
      if (c >= columns) {
        ASSERT_EQ(bits(z[i]), bits(before[i])) << "written beyond the columns";
        continue;
      }
      const auto input = static_cast<double>(before[i] + bias[static_cast<std::size_t>(c)]);
      const double expected = reference::activation(GetParam(), input);
      ASSERT_NEAR(z[i], expected, 6e-7 * std::fabs(expected) + 1e-37) << "z = " << input;
      if (saves_derivative(GetParam())) {
        const float derivative = saved[static_cast<std::size_t>(r * columns + c)];
        ASSERT_NEAR(derivative, reference::slope(GetParam(), input), 1e-6) << "z = " << input;
      }
    }
  }
}

TEST_P(EveryActivation, forward_without_bias_or_saved_derivative_has_the_same_bits) {
  const auto z = normal_values(3 * 50, 3, 4);
  const std::vector<float> zeros(50, 0.0F);
  auto with = z;
  auto without = z;
  std::vector<float> saved(150);
  activation_forward(GetParam(), zeros, Matrix(with.data(), 3, 50), Matrix(saved.data(), 3, 50));
  activation_forward(GetParam(), {}, Matrix(without.data(), 3, 50), {});
  for (std::size_t i = 0; i < z.size(); ++i) ASSERT_EQ(bits(with[i]), bits(without[i]));
}

TEST_P(EveryActivation, forward_bits_do_not_depend_on_position_or_width) {
  const auto z = normal_values(150, 4, 5);
  for (Index columns = 1; columns <= 150; ++columns) {
    auto row = z;
    std::vector<float> saved(150);
    activation_forward(GetParam(), {}, Matrix(row.data(), 1, columns),
                       Matrix(saved.data(), 1, columns));
    for (std::size_t c = 0; c < static_cast<std::size_t>(columns); ++c) {
      float one = z[c];
      float one_saved = 0;
      activation_forward(GetParam(), {}, Matrix(&one, 1, 1), Matrix(&one_saved, 1, 1));
      ASSERT_EQ(bits(row[c]), bits(one)) << "column " << c << " of " << columns;
      if (saves_derivative(GetParam())) {
        ASSERT_EQ(bits(saved[c]), bits(one_saved));
      }
    }
  }
}

TEST_P(EveryActivation, forward_propagates_nan_and_accepts_infinity) {
  for (Index columns = 1; columns <= 70; ++columns) {
    std::vector<float> row(static_cast<std::size_t>(columns), 1.0F);
    row.back() = nan_value;
    std::vector<float> saved(row.size());
    activation_forward(GetParam(), {}, Matrix(row.data(), 1, columns),
                       Matrix(saved.data(), 1, columns));
    ASSERT_TRUE(std::isnan(row.back())) << columns;
    if (columns > 1) {
      ASSERT_FALSE(std::isnan(row.front()));
    }
  }
  float huge = 3e38F;
  float high = infinity;
  for (float* value : {&huge, &high}) activation_forward(GetParam(), {}, Matrix(value, 1, 1), {});
  const bool bounded = GetParam() == Activation::sigmoid || GetParam() == Activation::tanh;
  EXPECT_EQ(high, bounded ? 1.0F : infinity);
  EXPECT_TRUE(bounded ? huge == 1.0F : huge >= 3e38F);
  float low = -3e38F;
  activation_forward(GetParam(), {}, Matrix(&low, 1, 1), {});
  EXPECT_NEAR(low, reference::activation(GetParam(), -3e38F), 1e32);
}

TEST_P(EveryActivation, backward_multiplies_by_slope_and_sums_columns) {
  const Index columns = 45;
  // Numbers of rows around multiples of those processed together.
  for (const Index rows : {1, 3, 4, 5, 8, 11}) {
    const auto z = normal_values(rows * columns, 5);
    auto y = z;
    std::vector<float> saved(y.size());
    activation_forward(GetParam(), {}, Matrix(y.data(), rows, columns),
                       Matrix(saved.data(), rows, columns));
    const Index stride = 47;
    const auto upstream = normal_values(rows * stride, 6);
    auto dy = upstream;
    std::vector<float> bias_gradient(static_cast<std::size_t>(columns), nan_value);
    const ConstMatrix derivative =
        saves_derivative(GetParam()) ? ConstMatrix(saved.data(), rows, columns) : ConstMatrix();
    activation_backward(GetParam(), Matrix(y.data(), rows, columns), derivative,
                        Matrix(dy.data(), rows, columns, stride), bias_gradient);
    auto without_bias = upstream;
    activation_backward(GetParam(), Matrix(y.data(), rows, columns), derivative,
                        Matrix(without_bias.data(), rows, columns, stride), {});
    for (Index c = 0; c < columns; ++c) {
      float sum = 0;
      for (Index r = 0; r < rows; ++r) {
        const auto i = static_cast<std::size_t>(r * stride + c);
        const double expected =
            static_cast<double>(upstream[i]) *
            reference::slope(GetParam(),
                             static_cast<double>(z[static_cast<std::size_t>(r * columns + c)]));
        ASSERT_NEAR(dy[i], expected, 2e-6 * std::fabs(static_cast<double>(upstream[i])));
        ASSERT_EQ(bits(dy[i]), bits(without_bias[i]));
        sum += dy[i];
      }
      ASSERT_EQ(sum, bias_gradient[static_cast<std::size_t>(c)])
          << "column sums must be those of a row by row loop";
    }
    for (Index c = columns; c < stride; ++c)
      ASSERT_EQ(dy[static_cast<std::size_t>(c)], upstream[static_cast<std::size_t>(c)]);
  }
}

TEST_P(EveryActivation, backward_propagates_nan_of_the_gradient) {
  for (const float start : {-2.0F, 0.0F, 2.0F}) {
    float y = start;
    float saved = 0;
    activation_forward(GetParam(), {}, Matrix(&y, 1, 1), Matrix(&saved, 1, 1));
    float dy = nan_value;
    float bias_gradient = 0;
    const ConstMatrix derivative =
        saves_derivative(GetParam()) ? ConstMatrix(&saved, 1, 1) : ConstMatrix();
    activation_backward(GetParam(), Matrix(&y, 1, 1), derivative, Matrix(&dy, 1, 1),
                        {&bias_gradient, 1});
    EXPECT_TRUE(std::isnan(dy)) << start;
    EXPECT_TRUE(std::isnan(bias_gradient)) << start;
  }
}

TEST_P(EveryActivation, no_rows_give_a_zero_bias_gradient) {
  std::vector<float> bias_gradient(20, nan_value);
  activation_backward(GetParam(), Matrix(nullptr, 0, 20), {}, Matrix(nullptr, 0, 20),
                      bias_gradient);
  EXPECT_EQ(bias_gradient, std::vector<float>(20, 0.0F));
}

TEST(Activation, refuses_shapes_that_disagree) {
  std::vector<float> a(12);
  std::vector<float> b(12);
  EXPECT_THROW(activation_forward(Activation::relu, std::span<const float>(b.data(), 5),
                                  Matrix(a.data(), 3, 4), {}),
               Error);
  EXPECT_THROW(
      activation_backward(Activation::relu, Matrix(a.data(), 2, 4), {}, Matrix(b.data(), 3, 4), {}),
      Error);
  EXPECT_THROW(
      activation_backward(Activation::gelu, Matrix(a.data(), 3, 4), {}, Matrix(b.data(), 3, 4), {}),
      Error);
}

}  // namespace
}  // namespace hourglass
