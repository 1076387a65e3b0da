#include "model/classifier.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "core/random.hpp"

namespace hourglass {
namespace {

constexpr Index rows = 6;
constexpr Index classes = 4;
const std::vector<std::int32_t> labels = {3, 0, 1, 2, 2, 0, 1, 3};

float number(std::uint64_t item, Index i) {
  return uniform_unit(CounterRandom(5, Purpose::generation)
                          .bits(item, 0, static_cast<std::uint32_t>(i))[0]) -
         0.5F;
}

AutoencoderSpec spec(bool tied) {
  AutoencoderSpec spec;
  spec.encoder = {7, 6, 3};
  spec.activation = Activation::tanh;
  spec.code_activation = Activation::sigmoid;
  spec.tied = tied;
  return spec;
}

// Compares with central differences of the mean cross-entropy: the parameter moves in single
// precision, the loss is summed in double.
void check_gradient(const Classifier& classifier) {
  Buffer<float> parameters(classifier.layout().size());
  for (const Tensor& tensor : classifier.layout().tensors()) {
    for (Index i = 0; i < tensor.size; ++i)
      parameters[tensor.offset + i] = 2 * number(1, tensor.offset + i);
  }
  Buffer<float> samples(rows * 7);
  for (Index i = 0; i < samples.size(); ++i) samples[i] = number(2, i) + 0.5F;
  const ConstMatrix x(samples.data(), rows, 7);
  const std::vector<std::uint64_t> ids = {7, 0, 2, 4, 5, 1};
  auto workspace = classifier.make_workspace(rows);
  Buffer<float> gradient(classifier.layout().size());
  Buffer<float> scratch(classifier.layout().size());
  const PassContext context{.training = true, .seed = 1, .epoch = 0, .sample_ids = ids};
  Index watermark = classifier.layout().size();
  const LossSums sums = classifier.train_pass(parameters.data(), x, 1.0F / rows, workspace,
                                              gradient.data(), context, [&](Range range) {
                                                EXPECT_LE(range.begin, watermark);
                                                watermark = range.begin;
                                              });
  EXPECT_EQ(watermark, 0) << "all of the gradient is announced";

  // The loss of the logits, again in double.
  const Matrix logits = classifier.logits(parameters.data(), x, workspace, {});
  double loss = 0;
  double wrong = 0;
  for (Index r = 0; r < rows; ++r) {
    double sum = 0;
    for (const float value : logits.row(r)) sum += std::exp(static_cast<double>(value));
    const auto label = labels[ids[static_cast<std::size_t>(r)]];
    loss += std::log(sum) - static_cast<double>(logits(r, label));
    wrong += likeliest(logits.row(r)) == label ? 0 : 1;
  }
  EXPECT_NEAR(sums.loss, loss, 1e-5);
  EXPECT_EQ(sums.squared_error, wrong);

  const auto loss_at = [&] {
    return classifier
               .train_pass(parameters.data(), x, 1.0F / rows, workspace, scratch.data(), context,
                           {})
               .loss /
           rows;
  };
  for (const Tensor& tensor : classifier.layout().tensors()) {
    for (Index i = tensor.offset; i < tensor.offset + tensor.size; ++i) {
      const float kept = parameters[i];
      parameters[i] = kept + 0x1p-8F;
      const double above = loss_at();
      parameters[i] = kept - 0x1p-8F;
      const double below = loss_at();
      parameters[i] = kept;
      ASSERT_NEAR(gradient[i], (above - below) / 0x1p-7, 3e-4)
          << tensor.name << " " << i - tensor.offset;
    }
  }
}

TEST(Classifier, gradient_on_samples) { check_gradient(Classifier(7, classes, labels)); }

TEST(Classifier, gradient_through_an_encoder) {
  for (const bool tied : {false, true}) {
    const Autoencoder encoder(spec(tied));
    check_gradient(Classifier(encoder, classes, labels));
  }
}

TEST(Classifier, encoder_keeps_names_and_places) {
  const Autoencoder encoder(spec(false));
  const Classifier classifier(encoder, classes, labels);
  ASSERT_EQ(classifier.layout().tensors().size(), 6U);
  for (Slot slot = 0; slot < 4; ++slot) {
    EXPECT_EQ(classifier.layout().tensor(slot).name, encoder.layout().tensor(slot).name);
    EXPECT_EQ(classifier.layout().tensor(slot).offset, encoder.layout().tensor(slot).offset);
  }
  EXPECT_EQ(classifier.layout().tensor(4).name, "softmax/weight");
}

TEST(Classifier, likeliest_is_the_first_of_equals) {
  EXPECT_EQ(likeliest(std::vector<float>{1, 3, 3, 2}), 1);
}

}  // namespace
}  // namespace hourglass
