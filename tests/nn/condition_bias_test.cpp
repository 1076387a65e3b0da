#include "nn/condition_bias.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "core/buffer.hpp"

namespace hourglass {
namespace {

constexpr Index rows = 3;
constexpr Index width = 5;
constexpr Index categories = 4;

struct Trial {
  Trial() {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = 0.25F * static_cast<float>(i);
    for (Index i = 0; i < parameters.size(); ++i)
      parameters.data()[i] = static_cast<float>(i % 7) - 3;
    context.conditions = table;
  }
  [[nodiscard]] float bias(Index category, Index c) const {
    return parameters.data()[category * width + c];
  }

  Layout layout;
  ConditionBias layer{layout, "encoder/0", width, 2, categories};
  Buffer<float> parameters{layout.size()};
  Buffer<float> gradient{layout.size()};
  std::vector<float> x = std::vector<float>(rows * width);
  std::vector<float> y = std::vector<float>(rows * width);
  // Of four samples: the first condition has the categories 0 and 1, the second 2 and 3.
  std::vector<std::int32_t> table = {0, 3, 1, 2, -1, 3, 1, -1};
  PassContext context;
};

TEST(ConditionBias, adds_the_rows_of_a_samples_categories) {
  Trial t;
  const std::vector<std::uint64_t> ids = {3, 0, 2};
  t.context.sample_ids = ids;
  t.layer.forward(t.parameters.data(), ConstMatrix(t.x.data(), rows, width),
                  Matrix(t.y.data(), rows, width), {}, t.context);
  for (Index c = 0; c < width; ++c) {
    const auto at = [&](Index r) { return static_cast<std::size_t>(r * width + c); };
    EXPECT_EQ(t.y[at(0)], t.x[at(0)] + t.bias(1, c));
    EXPECT_EQ(t.y[at(1)], t.x[at(1)] + t.bias(0, c) + t.bias(3, c));
    EXPECT_EQ(t.y[at(2)], t.x[at(2)] + t.bias(3, c));
  }
}

TEST(ConditionBias, the_gradient_is_the_sum_over_the_samples_of_a_category) {
  Trial t;
  std::vector<float> dy(rows * width, 0.5F);
  dy[0] = 2;
  std::vector<float> dx(rows * width);
  // Rows 0 to 2 of the table, as without ids.
  t.layer.backward(t.parameters.data(), {}, {}, Matrix(dy.data(), rows, width),
                   Matrix(dx.data(), rows, width), t.gradient.data(), {}, t.context);
  EXPECT_EQ(dx, dy);
  const std::vector<float> counts = {1, 1, 1, 2};
  for (Index k = 0; k < categories; ++k) {
    for (Index c = 0; c < width; ++c) {
      const float extra = c == 0 && (k == 0 || k == 3) ? 1.5F : 0.0F;
      EXPECT_EQ(t.gradient.data()[k * width + c],
                0.5F * counts[static_cast<std::size_t>(k)] + extra)
          << k << " " << c;
    }
  }
}

TEST(ConditionBias, without_categories_is_the_identity_and_starts_at_zero) {
  Trial t;
  t.context.conditions = {};
  t.layer.forward(t.parameters.data(), ConstMatrix(t.x.data(), rows, width),
                  Matrix(t.y.data(), rows, width), {}, t.context);
  EXPECT_EQ(t.y, t.x);
  EXPECT_EQ(t.layer.roles().front().constant, 0.0F);
}

}  // namespace
}  // namespace hourglass
