#include "model/per_layer.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(PerLayer, value_of_all_with_exceptions) {
  PerLayer<double> setting(0.5);
  setting.some = {{2, 3.0}, {5, 4.0}};
  EXPECT_EQ(setting.at(1), 0.5);
  EXPECT_EQ(setting.at(2), 3.0);
  EXPECT_EQ(setting.at(5), 4.0);
  EXPECT_EQ(setting.at(6), 0.5);
  EXPECT_EQ(PerLayer<double>().at(1), 0);
}

}  // namespace
}  // namespace hourglass
