#include "optim/graft.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "optim/trial.hpp"

namespace hourglass {
namespace {

TEST(Graft, spectral_norm_follows_the_shape_alone) {
  const Graft graft({.name = "shampoo"});
  EXPECT_FALSE(graft.keeps_variance());
  std::vector<float> values(6, 1.0F);
  EXPECT_DOUBLE_EQ(graft.norm(1, {values.data(), 2, 3}, {values.data(), 2, 3}, {}), std::sqrt(2));
  // Twice as many outputs as inputs: each singular value is sqrt(2).
  EXPECT_DOUBLE_EQ(graft.norm(1, {values.data(), 4, 1}, {values.data(), 4, 1}, {}), 2);
}

TEST(Graft, first_step_of_adam_is_one_per_element) {
  OptimizerSettings settings{.name = "shampoo", .momentum = 0.9};
  settings.precondition.graft = "adam";
  const Graft graft(settings);
  ASSERT_TRUE(graft.keeps_variance());
  std::vector<float> g = {0.5F, -2, 1, 4};
  std::vector<float> momentum(4);
  std::vector<float> variance(4);
  add_to_momentum(0.9, {g.data(), 2, 2}, {momentum.data(), 2, 2});
  EXPECT_EQ(momentum, g);
  EXPECT_NEAR(graft.norm(1, {g.data(), 2, 2}, {momentum.data(), 2, 2}, {variance.data(), 2, 2}), 2,
              1e-4);
}

TEST(Graft, scales_to_a_norm_and_leaves_zeros) {
  std::vector<float> values = {3, 4};
  scale_to_norm(10, {values.data(), 1, 2});
  EXPECT_FLOAT_EQ(values[0], 6);
  EXPECT_FLOAT_EQ(values[1], 8);
  std::vector<float> zeros(2);
  scale_to_norm(10, {zeros.data(), 1, 2});
  EXPECT_EQ(zeros, std::vector<float>(2));
}

TEST(Graft, leaves_nothing_of_what_underflows) {
  std::vector<float> values = {1e-42F, 0, -3e-38F};
  scale_to_norm(10, {values.data(), 1, 3});
  EXPECT_EQ(values, std::vector<float>(3));
}

}  // namespace
}  // namespace hourglass
