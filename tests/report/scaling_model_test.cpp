#include "report/scaling_model.hpp"

#include <gtest/gtest.h>

#include "report/made_study.hpp"

namespace hourglass {
namespace {

TEST(FitScaling, finds_the_parameters_that_made_the_measurements) {
  for (const bool weak : {true, false}) {
    const auto curves = fit_scaling(made_study(weak));
    ASSERT_EQ(curves.size(), 1U);
    const ScalingModel& model = curves[0].model;
    EXPECT_NEAR(model.pass, made_pass, 1e-9);
    EXPECT_NEAR(model.update, made_update, 1e-9);
    EXPECT_NEAR(model.alpha, made_alpha, 1e-8);
    EXPECT_NEAR(model.beta, made_beta, 1e-15);
    EXPECT_NEAR(model.hidden, made_hidden, 0.01);
    EXPECT_LT(model.largest_residual, 0.01);
    EXPECT_DOUBLE_EQ(curves[0].points.front().efficiency, 1);
    EXPECT_LT(curves[0].points.back().efficiency, 1.0);
  }
}

TEST(FitScaling, strong_scaling_ends_at_the_shards) {
  const ScalingModel model = fit_scaling(made_study(false))[0].model;
  EXPECT_EQ(model.shards(1), 16);
  EXPECT_TRUE(model.knee_by_shards);
  EXPECT_EQ(model.knee, 16);
}

TEST(FitScaling, weak_scaling_ends_where_the_efficiency_does) {
  const ScalingModel model = fit_scaling(made_study(true))[0].model;
  EXPECT_FALSE(model.knee_by_shards);
  EXPECT_GE(model.efficiency(model.knee), weak_knee);
  EXPECT_LT(model.efficiency(2 * model.knee), weak_knee);
}

}  // namespace
}  // namespace hourglass
