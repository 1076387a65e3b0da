#include "nn/centre.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hourglass {
namespace {

TEST(Centre, is_subtracted_and_collects_what_the_first_layer_passes_back) {
  Layout layout;
  layout.add("other", {3});
  const Slot slot = layout.add("b", {2});
  std::vector<float> parameters(static_cast<std::size_t>(layout.size()));
  const auto offset = static_cast<std::size_t>(layout.tensor(slot).offset);
  parameters[offset] = 1;
  parameters[offset + 1] = -2;
  const Centre centre(layout, slot);
  EXPECT_EQ(centre.features(), 2);
  const std::vector<float> samples = {5, 6, 7, 8};
  std::vector<float> scratch(4);
  const ConstMatrix centred = centre.subtract(parameters.data(), {samples.data(), 2, 2}, scratch);
  EXPECT_EQ(scratch, (std::vector<float>{4, 8, 6, 10}));
  EXPECT_EQ(centred.data, scratch.data());

  // z = (x - b) W^T + c: dL/db = -(sum of dL/dz) W.
  const std::vector<float> weight = {1, 2, 3, 4, 5, 6};
  const std::vector<float> bias_gradient = {0.5F, 0, -1};
  std::vector<float> gradient(parameters.size());
  gradient[offset] = 10;
  centre.add_gradient(bias_gradient, {weight.data(), 3, 2}, gradient.data());
  EXPECT_EQ(gradient[offset], 10 - 0.5F + 5);
  EXPECT_EQ(gradient[offset + 1], -1 + 6);
}

}  // namespace
}  // namespace hourglass
