// The gradient of a model with a teacher is the derivative of its loss, by finite differences.
#include "model/distilled.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "hourglass/core/error.hpp"
#include "model/autoencoder_trial.hpp"

namespace hourglass {
namespace {

using namespace autoencoder_test;

class DistilledTest : public testing::TestWithParam<Distill> {
 protected:
  static AutoencoderSpec student_spec() {
    AutoencoderSpec spec = small_spec();
    spec.activation = Activation::tanh;
    spec.loss = Loss::bce;
    return spec;
  }
  static AutoencoderSpec teacher_spec() {
    AutoencoderSpec spec;
    spec.encoder = {9, 6, 3};
    return spec;
  }

  double loss(std::span<float> gradient) {
    Workspace workspace = distilled_.make_workspace(student_.rows);
    return distilled_
        .train_pass(student_.parameters.data(), student_.x(), 1, workspace, gradient.data(),
                    training, {})
        .loss;
  }

  Trial student_{student_spec()};
  Trial teacher_{teacher_spec(), 5, 2};
  Distilled distilled_{student_.model, teacher_.model, teacher_.parameters.data(), GetParam(), 0.3};
};

TEST_P(DistilledTest, gradient_is_the_derivative_of_the_loss) {
  Buffer<float> gradient(student_.model.layout().size());
  Buffer<float> scratch(student_.model.layout().size());
  loss(gradient.span());
  const float step = 1e-2F;
  for (const Tensor& tensor : student_.model.layout().tensors()) {
    for (Index i = tensor.offset; i < tensor.offset + tensor.size; i += 5) {
      float& parameter = student_.parameters[i];
      const float kept = parameter;
      parameter = kept + step;
      const double above = loss(scratch.span());
      parameter = kept - step;
      const double below = loss(scratch.span());
      parameter = kept;
      EXPECT_NEAR((above - below) / (2 * static_cast<double>(step)),
                  static_cast<double>(gradient[i]), 2e-3)
          << tensor.name;
    }
  }
}

TEST_P(DistilledTest, a_teacher_alone_is_imitated_with_weight_1) {
  const Distilled same(student_.model, student_.model, student_.parameters.data(), GetParam(), 1);
  Workspace workspace = same.make_workspace(student_.rows);
  Buffer<float> gradient(student_.model.layout().size());
  same.train_pass(student_.parameters.data(), student_.x(), 1, workspace, gradient.data(), training,
                  {});
  for (const float value : gradient.span()) EXPECT_NEAR(value, 0, 1e-6);
}

INSTANTIATE_TEST_SUITE_P(Kinds, DistilledTest, testing::Values(Distill::codes, Distill::outputs),
                         [](const auto& kind) { return std::string(name_of(kind.param)); });

TEST(Distill, names_read_back) {
  EXPECT_EQ(distill_from("codes"), Distill::codes);
  EXPECT_EQ(distill_from("outputs"), Distill::outputs);
  EXPECT_THROW(static_cast<void>(distill_from("weights")), Error);
}

}  // namespace
}  // namespace hourglass
