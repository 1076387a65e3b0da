// A model on frozen layers: the same numbers as the model alone on the output of those layers.
#include "model/stacked.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "model/autoencoder.hpp"

namespace hourglass {
namespace {

constexpr Index rows = 4;

AutoencoderSpec top_spec() {
  AutoencoderSpec spec;
  spec.encoder = {5, 8};
  spec.decoder = {8, 5};
  spec.code_activation = Activation::tanh;
  spec.output_activation = Activation::linear;
  spec.regularization.predictive = true;
  spec.regularization.l1 = 0.01;
  return spec;
}

Buffer<float> filled(Index size, unsigned seed) {
  Buffer<float> values(size);
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 0.5F);
  std::ranges::generate(values.span(), [&] { return normal(random); });
  return values;
}

struct Trial {
  Trial() {
    AutoencoderSpec spec;
    spec.encoder = {7, 5, 3};
    below = std::make_unique<Autoencoder>(spec);
    below_parameters = filled(below->layout().size(), 1);
    parameters = filled(alone.layout().size(), 2);
    samples = filled(rows * 7, 3);
    stacked = std::make_unique<Stacked>(below->network(), Range{0, 1}, below_parameters.data(),
                                        std::make_unique<Autoencoder>(top_spec()));
    context.training = true;
  }
  [[nodiscard]] ConstMatrix x() const { return {samples.data(), rows, 7}; }
  // The first layer's output for the samples.
  [[nodiscard]] std::vector<float> hidden() const {
    Workspace workspace = below->network().make_workspace(rows);
    const ConstMatrix output =
        below->network().forward({0, 1}, below_parameters.data(), x(), workspace, {});
    std::vector<float> values;
    for (Index r = 0; r < rows; ++r)
      values.insert(values.end(), output.row(r).begin(), output.row(r).end());
    return values;
  }

  std::unique_ptr<Autoencoder> below;
  Autoencoder alone{top_spec()};
  std::unique_ptr<Stacked> stacked;
  Buffer<float> below_parameters, parameters, samples;
  PassContext context;
};

TEST(Stacked, takes_the_samples_of_the_layers_below) {
  const Trial t;
  EXPECT_EQ(t.stacked->features(), 7);
  EXPECT_EQ(t.stacked->layout().size(), t.alone.layout().size());
}

TEST(Stacked, trains_like_the_model_alone_on_their_output) {
  const Trial t;
  const std::vector<float> hidden = t.hidden();
  Buffer<float> expected(t.parameters.size()), gradient(t.parameters.size());
  Workspace own = t.alone.make_workspace(rows), both = t.stacked->make_workspace(rows);
  const LossSums a = t.alone.train_pass(t.parameters.data(), {hidden.data(), rows, 5}, 0.5F, own,
                                        expected.data(), t.context, {});
  const LossSums b =
      t.stacked->train_pass(t.parameters.data(), t.x(), 0.5F, both, gradient.data(), t.context, {});
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_TRUE(std::ranges::equal(expected.span(), gradient.span()));
  EXPECT_EQ(t.alone.evaluate(t.parameters.data(), {hidden.data(), rows, 5}, own).loss,
            t.stacked->evaluate(t.parameters.data(), t.x(), both).loss);
}

TEST(Stacked, constrains_like_the_model) {
  const Trial t;
  Buffer<float> expected = filled(t.parameters.size(), 2), values = filled(t.parameters.size(), 2);
  t.alone.constrain(expected.data(), {});
  t.stacked->constrain(values.data(), {});
  EXPECT_TRUE(std::ranges::equal(expected.span(), values.span()));
  EXPECT_FALSE(std::ranges::equal(values.span(), t.parameters.span()));
}

}  // namespace
}  // namespace hourglass
