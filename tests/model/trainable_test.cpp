#include "model/trainable.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

/// A model with the defaults of everything that has one.
class Plain final : public Trainable {
 public:
  [[nodiscard]] const Layout& layout() const override { return layout_; }
  [[nodiscard]] std::vector<TensorRole> roles() const override { return {}; }
  [[nodiscard]] Index features() const override { return 2; }
  [[nodiscard]] Workspace make_workspace(Index max_rows) const override { return {max_rows, 0}; }
  LossSums train_pass(const float*, ConstMatrix, float, Workspace&, float*, const PassContext&,
                      const GradientReady&) const override {
    return {};
  }
  LossSums evaluate(const float*, ConstMatrix, Workspace&) const override { return {}; }

 private:
  Layout layout_;
};

TEST(Trainable, has_no_constraint_by_default) {
  std::vector<float> parameters = {1, -2, 3};
  Plain().constrain(parameters.data(), {});
  EXPECT_EQ(parameters, (std::vector<float>{1, -2, 3}));
}

TEST(Trainable, needs_no_unit_means_by_default) {
  const Plain model;
  EXPECT_EQ(model.mean_units(), 0);
  Workspace workspace = model.make_workspace(1);
  try {
    model.add_unit_sums(nullptr, {}, workspace, {}, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bug);
  }
}

}  // namespace
}  // namespace hourglass
