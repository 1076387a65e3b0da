#include "model/element_weights.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hourglass {
namespace {

TEST(ElementWeights, are_products_of_what_is_given) {
  Regularization regularization;
  EXPECT_FALSE(has_emphasis(regularization));
  regularization.corrupted_weight = 3;
  regularization.clean_weight = 0.5;
  EXPECT_TRUE(has_emphasis(regularization));
  const std::vector<float> mask = {1, 0, 0, 1};
  const std::vector<float> present = {1, 1, 0, 1};
  const std::vector<float> features = {2, 4};
  std::vector<float> weights(4);
  const Matrix to(weights.data(), 2, 2);
  const ConstMatrix all(mask.data(), 2, 2);
  const ConstMatrix there(present.data(), 2, 2);
  EXPECT_TRUE(element_weights(regularization, {}, {}, features, to).empty());
  EXPECT_TRUE(element_weights(regularization, {}, there, {}, to).empty());
  EXPECT_EQ(element_weights(regularization, all, {}, {}, to).data, weights.data());
  EXPECT_EQ(weights, std::vector<float>({3, 0.5F, 0.5F, 3}));
  static_cast<void>(element_weights(regularization, all, there, features, to));
  EXPECT_EQ(weights, std::vector<float>({6, 2, 0, 12}));
  static_cast<void>(element_weights(regularization, {}, there, features, to));
  EXPECT_EQ(weights, std::vector<float>({2, 4, 0, 4}));
}

}  // namespace
}  // namespace hourglass
