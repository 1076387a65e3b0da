#include "optim/muon.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "core/buffer.hpp"
#include "optim/matrix_rule.hpp"
#include "optim/newton_schulz.hpp"
#include "optim/trial.hpp"

namespace hourglass {
namespace {

TEST(Muon, direction_is_orthogonal_and_stretched_by_the_shape) {
  const Muon muon({.name = "muon", .momentum = 0.9});
  for (const auto& [rows, columns] : {std::pair<Index, Index>{4, 9}, {9, 4}}) {
    auto values = test::normal_numbers(static_cast<std::size_t>(rows * columns), 3);
    auto expected = values;
    const Matrix block(values.data(), rows, columns);
    const Matrix orthogonal(expected.data(), rows, columns);
    Buffer<float> scratch(muon.scratch_floats(rows, columns));
    newton_schulz(Orthogonalization::constant, false, orthogonal, scratch.span());
    EXPECT_EQ(muon.transform({}, block, {}, scratch.span()), 0);
    for (std::size_t i = 0; i < values.size(); ++i)
      EXPECT_FLOAT_EQ(values[i], expected[i] * (rows > columns ? 1.5F : 1.0F));
  }
}

TEST(Muon, a_matrix_moves_along_its_direction) {
  const auto optimizer = make_optimizer({.name = "muon", .momentum = 0.5, .weight_decay = 0.1});
  std::vector<float> momentum = {1, 2};
  std::vector<float> variance(2);
  const std::vector<float*> state = {momentum.data(), variance.data()};
  std::vector<float> direction(2);
  optimizer->matrix_rule()->collect(0.5F, std::vector<float>{4, -4}, state, direction);
  EXPECT_EQ(momentum, std::vector<float>({2.5F, -1}));
  EXPECT_EQ(direction, std::vector<float>({3.25F, -2.5F}));
  std::vector<float> p = {1, 1};
  UpdateStep step{.learning_rate = 0.1};
  step.matrix = true;
  optimizer->update(step, p, direction, state);
  EXPECT_NEAR(p[0], 1 - 0.1 * 3.25 - 0.01, 1e-6);
  EXPECT_NEAR(p[1], 1 + 0.1 * 2.5 - 0.01, 1e-6);
}

}  // namespace
}  // namespace hourglass
