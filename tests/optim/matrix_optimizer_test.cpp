#include "optim/matrix_optimizer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "optim/trial.hpp"

namespace hourglass {
namespace {

TEST(MatrixOptimizer, tensors_that_are_not_matrices_are_updated_by_adamw) {
  for (const std::string name : {"muon", "shampoo", "soap", "kfac"}) {
    test::Trial trial({.name = name, .momentum = 0.9, .weight_decay = 0.1},
                      test::normal_numbers(64, 0));
    test::Trial adamw({.name = "adamw", .weight_decay = 0.1}, test::normal_numbers(64, 0));
    for (Index t = 1; t <= 5; ++t) {
      const auto gradient = test::normal_numbers(64, static_cast<std::uint64_t>(t));
      trial.update({.step = t, .learning_rate = 0.01}, gradient);
      adamw.update({.step = t, .learning_rate = 0.01}, gradient);
    }
    EXPECT_EQ(trial.parameters, adamw.parameters) << name;
  }
}

TEST(MatrixOptimizer, matrices_move_along_their_direction_without_moments) {
  const auto optimizer = make_optimizer({.name = "shampoo", .weight_decay = 0.1});
  std::vector<float> p = {1, 2};
  optimizer->update({.learning_rate = 0.5, .rate_factor = 0.5, .decay_factor = 2, .matrix = true},
                    p, std::vector<float>{1, -1}, {});
  EXPECT_FLOAT_EQ(p[0], 1 - 0.25F * (1 + 0.2F));
  EXPECT_FLOAT_EQ(p[1], 2 - 0.25F * (-1 + 0.4F));
}

TEST(MatrixOptimizer, gradients_are_collected_scaled) {
  const auto optimizer = make_optimizer({.name = "soap"});
  std::vector<float> collected(2);
  optimizer->matrix_rule()->collect(0.5F, std::vector<float>{4, -2}, {}, collected);
  EXPECT_EQ(collected, std::vector<float>({2, -1}));
}

}  // namespace
}  // namespace hourglass
