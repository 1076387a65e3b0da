#include "nn/top_k.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace hourglass {
namespace {

TEST(TopK, keeps_the_largest_and_their_gradient) {
  const TopK layer(6, 2, 3);
  std::vector<float> x = {0.5F, -1, 3, 3, 0.7F, -9};
  std::vector<float> y(6);
  std::vector<float> dy = {1, 2, 3, 4, 5, 6};
  std::vector<float> dx(6);
  std::vector<float> scratch(6);
  PassContext training;
  training.training = true;
  layer.forward(nullptr, ConstMatrix(x.data(), 1, 6), Matrix(y.data(), 1, 6), scratch, training);
  EXPECT_EQ(y, std::vector<float>({0, 0, 3, 3, 0, 0}));
  layer.backward(nullptr, {}, {}, Matrix(dy.data(), 1, 6), Matrix(dx.data(), 1, 6), nullptr,
                 scratch, training);
  EXPECT_EQ(dx, std::vector<float>({0, 0, 3, 4, 0, 0}));
  layer.forward(nullptr, ConstMatrix(x.data(), 1, 6), Matrix(y.data(), 1, 6), scratch, {});
  EXPECT_EQ(y, std::vector<float>({0, 0, 3, 3, 0.7F, 0})) << "alpha k units outside of training";
  x = {1, 1, 1, 1, 1, 1};
  layer.forward(nullptr, ConstMatrix(x.data(), 1, 6), Matrix(y.data(), 1, 6), scratch, training);
  EXPECT_EQ(y, std::vector<float>({1, 1, 0, 0, 0, 0})) << "of equals the first";
}

// Of each sample: sort the units by value, then by number, and keep the first k.
std::vector<float> reference(const std::vector<float>& x, Index width, Index k) {
  std::vector<float> y(x.size(), 0.0F);
  for (std::size_t begin = 0; begin < x.size(); begin += static_cast<std::size_t>(width)) {
    std::vector<std::size_t> order(static_cast<std::size_t>(width));
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = begin + i;
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return x[a] > x[b]; });
    for (Index i = 0; i < std::min(k, width); ++i) {
      const std::size_t kept = order[static_cast<std::size_t>(i)];
      y[kept] = x[kept];
    }
  }
  return y;
}

TEST(TopK, equals_sorting_for_every_k) {
  constexpr Index rows = 20;
  constexpr Index width = 13;
  std::mt19937 random(1);
  // Few values, so that there are many ties.
  std::uniform_int_distribution<int> values(-3, 3);
  std::vector<float> x(rows * width);
  for (float& value : x) value = static_cast<float>(values(random));
  for (Index k = 0; k <= width + 2; ++k) {
    const TopK layer(width, k, width);
    std::vector<float> y(x.size());
    std::vector<float> dx(x.size());
    std::vector<float> dy(x.size(), 2.0F);
    std::vector<float> scratch(static_cast<std::size_t>(rows * layer.scratch_per_row()));
    const PassContext training{.training = true};
    layer.forward(nullptr, ConstMatrix(x.data(), rows, width), Matrix(y.data(), rows, width),
                  scratch, training);
    EXPECT_EQ(y, reference(x, width, k)) << k;
    layer.backward(nullptr, {}, {}, Matrix(dy.data(), rows, width), Matrix(dx.data(), rows, width),
                   nullptr, scratch, training);
    EXPECT_EQ(std::ranges::count(dx, 2.0F), rows * std::min(k, width)) << k;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (y[i] != 0) {
        EXPECT_EQ(dx[i], 2.0F) << k;
      }
    }
  }
}

TEST(TopK, propagates_nan) {
  const TopK layer(3, 1, 1);
  std::vector<float> x = {1, std::numeric_limits<float>::quiet_NaN(), 2};
  std::vector<float> y(3);
  std::vector<float> scratch(3);
  layer.forward(nullptr, ConstMatrix(x.data(), 1, 3), Matrix(y.data(), 1, 3), scratch, {});
  EXPECT_TRUE(std::isnan(y[1]));
}

}  // namespace
}  // namespace hourglass
