// Convolutions against the definition, one output at a time in double; gradients through it by
// central differences.
#include "nn/convolution.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/buffer.hpp"
#include "model/autoencoder.hpp"
#include "nn/convolution_trial.hpp"

namespace hourglass {
namespace {

using namespace convolution_test;

const std::vector<Case> cases = {
    {"5x4x3,conv:2x3", Activation::linear},
    {"7x6x2,conv:3x3s2", Activation::tanh},
    {"6x7x2,conv:4x2x3s3x2p1x2", Activation::gelu},
    {"9x9,conv:2x4s2p0", Activation::sigmoid},
    {"4x3x3,tconv:2x3", Activation::linear},
    {"3x4x2,tconv:3x3s2", Activation::tanh},
    {"3x2x4,tconv:2x2x3s3x2p1x2o2x1", Activation::gelu},
    {"5x5,tconv:2x1s3", Activation::softplus},
    {"40x40x8,conv:8x5", Activation::linear},  // several tiles
    {"40x40x8,tconv:8x5", Activation::linear},
    {"11x3,conv1d:2x3", Activation::linear},
    {"12x2,conv1d:3x4s3", Activation::tanh},
    {"9,conv1d:2x5s2p0", Activation::gelu},
    {"7x3,tconv1d:2x4s3", Activation::tanh},
    {"5x2,tconv1d:3x3s2p0o1", Activation::gelu},
    {"5000x8,conv1d:4x9", Activation::linear},  // several tiles, which end within samples
    {"5000x8,tconv1d:4x9", Activation::linear},
    {"4x3x5x2,conv3d:2x3", Activation::linear},
    {"5x4x6,conv3d:3x3s2", Activation::tanh},
    {"4x5x3x2,conv3d:2x1x3x2s2x1x3p0x2x1", Activation::gelu},
    {"3x2x2x2,tconv3d:2x3s2", Activation::tanh},
    {"2x3x2x3,tconv3d:2x2x1x3s3x1x2p1x0x2o2x0x1", Activation::gelu},
    {"10x9x20x4,conv3d:4x3", Activation::linear},  // several tiles
    {"10x9x20x4,tconv3d:4x3", Activation::linear},
};

TEST(Convolution, forward_is_the_definition) {
  for (const Case& test : cases) {
    Trial trial(test);
    const Vector p = doubles(trial.parameters);
    for (Index r = 0; r < trial.rows; ++r) {
      const Vector z =
          direct(trial.list[1], trial.shapes[0].image, trial.shapes[1].image, trial.part(p, 0),
                 trial.part(p, 1), trial.sample(doubles(trial.x), r));
      for (Index i = 0; i < trial.shapes[1].units; ++i) {
        const double expected =
            reference::activation(test.activation, z[static_cast<std::size_t>(i)]);
        ASSERT_NEAR(trial.out()(r, i), expected, 2e-5 * std::max(1.0, std::fabs(expected)))
            << test.text;
      }
    }
  }
}

TEST(Convolution, gradients_are_those_of_the_definition) {
  for (const Case& test : cases) {
    Trial trial(test);
    if (trial.layer.inputs() > 1000) continue;
    trial.backward();
    const Vector p = doubles(trial.parameters);
    const Vector x = doubles(trial.x);
    for (const Tensor& tensor : trial.layout.tensors()) {
      for (Index i = 0; i < tensor.size; ++i) {
        const double expected =
            reference::derivative([&](const Vector& q) { return trial.objective(q, x); }, p,
                                  static_cast<std::size_t>(tensor.offset + i));
        ASSERT_NEAR(trial.gradient[tensor.offset + i], expected,
                    1e-4 * std::max(1.0, std::fabs(expected)))
            << test.text << " " << tensor.name << " " << i;
      }
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double expected =
          reference::derivative([&](const Vector& u) { return trial.objective(p, u); }, x, i);
      ASSERT_NEAR(trial.dx[static_cast<Index>(i)], expected,
                  1e-4 * std::max(1.0, std::fabs(expected)))
          << test.text << " x" << i;
    }
  }
}

TEST(Convolution, several_tiles_give_the_gradients_of_one) {
  // <v, conv(x)> is linear in x and in the weight, so its gradients give it back: <dx, x> = <dW, W>
  // = <v, conv(x)> without bias.
  for (const std::string text :
       {"40x40x8,conv:8x5", "40x40x8,tconv:8x5", "40x40x8,conv:8x5s3p0", "5000x8,conv1d:4x9",
        "5000x8,tconv1d:4x9s2", "10x9x20x4,conv3d:4x3", "10x9x20x4,tconv3d:4x3"}) {
    Trial trial({text, Activation::linear}, 5);
    const Tensor bias = trial.layout.tensor(1);
    for (Index i = 0; i < bias.size; ++i) trial.parameters[bias.offset + i] = 0;
    trial.layer.forward(trial.parameters.data(), trial.in(), trial.out(), trial.scratch.span(),
                        trial.context);
    double value = 0;
    for (Index i = 0; i < trial.y.size(); ++i)
      value += static_cast<double>(trial.y[i]) * static_cast<double>(trial.v[i]);
    trial.backward();
    double from_x = 0;
    double from_weight = 0;
    double from_bias = 0;
    for (Index i = 0; i < trial.x.size(); ++i)
      from_x += static_cast<double>(trial.x[i]) * static_cast<double>(trial.dx[i]);
    for (Index i = 0; i < trial.layout.tensor(0).size; ++i) {
      from_weight +=
          static_cast<double>(trial.parameters[i]) * static_cast<double>(trial.gradient[i]);
    }
    for (Index i = 0; i < bias.size; ++i)
      from_bias += static_cast<double>(trial.gradient[bias.offset + i]);
    double cotangent = 0;
    for (Index i = 0; i < trial.v.size(); ++i) cotangent += static_cast<double>(trial.v[i]);
    const double tolerance = 1e-5 * std::sqrt(static_cast<double>(trial.y.size())) * 10;
    EXPECT_NEAR(from_x, value, tolerance) << text;
    EXPECT_NEAR(from_weight, value, tolerance) << text;
    EXPECT_NEAR(from_bias, cotangent, 1e-2) << text;
  }
}

TEST(Convolution, samples_do_not_touch_each_other) {
  for (const Case& test : cases) {
    Trial many(test, 4);
    Trial one(test, 1);
    for (Index i = 0; i < one.y.size(); ++i)
      ASSERT_NEAR(one.y[i], many.y[i], 1e-5 * std::max(1.0F, std::fabs(one.y[i]))) << test.text;
  }
}

// A series is an image of height 1 and an image a volume of depth 1, to the bit.
TEST(Convolution, of_fewer_dimensions_is_one_over_an_axis_of_extent_1) {
  const std::vector<std::pair<std::string, std::string>> pairs = {
      {"11x3,conv1d:2x3s2", "1x11x3,conv:2x1x3s1x2p0x1"},
      {"7x3,tconv1d:2x4s3", "1x7x3,tconv:2x1x4s1x3p0x1o0x1"},
      {"7x6x2,conv:3x3s2", "1x7x6x2,conv3d:3x1x3x3s1x2x2p0x1x1"}};
  for (const auto& [few, more] : pairs) {
    Trial first({few, Activation::tanh});
    Trial second({more, Activation::tanh});
    first.backward();
    second.backward();
    ASSERT_EQ(first.y.size(), second.y.size()) << few;
    for (Index i = 0; i < first.y.size(); ++i) ASSERT_EQ(first.y[i], second.y[i]) << few;
    for (Index i = 0; i < first.dx.size(); ++i) ASSERT_EQ(first.dx[i], second.dx[i]) << few;
    for (Index i = 0; i < first.layout.tensor(0).size; ++i)
      ASSERT_EQ(first.gradient[i], second.gradient[i]) << few;
  }
}

TEST(Convolution, stores_weights_of_other_dimensions_as_pytorch_does) {
  Layout layout;
  const LayerList series = layer_list_from("16x2,conv1d:3x5,tconv1d:9x2");
  const auto series_shapes = unit_shapes(series, "layers");
  const Convolution one(layout, "a", series[1], series_shapes[0].image, series_shapes[1].image,
                        Activation::relu);
  const Convolution back(layout, "b", series[2], series_shapes[1].image, series_shapes[2].image,
                         Activation::relu);
  const LayerList volumes = layer_list_from("4x7x6x2,conv3d:3x3x5x4s1x2x1");
  const auto volume_shapes = unit_shapes(volumes, "layers");
  const Convolution three(layout, "c", volumes[1], volume_shapes[0].image, volume_shapes[1].image,
                          Activation::relu);
  EXPECT_EQ(layout.tensor(0).shape, std::vector<Index>({3, 2, 5}));
  EXPECT_EQ(layout.tensor(2).shape, std::vector<Index>({3, 9, 2}));
  EXPECT_EQ(layout.tensor(4).shape, std::vector<Index>({3, 2, 3, 5, 4}));
  EXPECT_EQ(one.roles()[0].fan_in, 2 * 5);
  EXPECT_EQ(one.roles()[0].fan_out, 3 * 5);
  EXPECT_EQ(back.roles()[0].fan_in, 3 * 2);
  EXPECT_EQ(three.roles()[0].fan_in, 2 * 3 * 5 * 4);
  EXPECT_EQ(three.roles()[0].fan_out, 3 * 3 * 5 * 4 / 2);
}

TEST(Convolution, stores_weights_as_pytorch_does) {
  Layout layout;
  const LayerList list = layer_list_from("7x6x2,conv:3x5x4,tconv:9x2");
  const auto shapes = unit_shapes(list, "layers");
  const Convolution convolution(layout, "encoder/0", list[1], shapes[0].image, shapes[1].image,
                                Activation::relu);
  const Convolution transposed(layout, "decoder/0", list[2], shapes[1].image, shapes[2].image,
                               Activation::relu);
  EXPECT_EQ(layout.tensor(0).shape, std::vector<Index>({3, 2, 5, 4}))
      << "outputs x inputs x height x width";
  EXPECT_EQ(layout.tensor(1).shape, std::vector<Index>({3}));
  EXPECT_EQ(layout.tensor(2).shape, std::vector<Index>({3, 9, 2, 2}))
      << "inputs x outputs x height x width";
  EXPECT_EQ(layout.tensor(3).shape, std::vector<Index>({9}));
  EXPECT_EQ(convolution.roles()[0].fan_in, 2 * 5 * 4);
  EXPECT_EQ(transposed.roles()[0].fan_in, 3 * 2 * 2);
}

/// Central differences of the library's own forward pass through a whole network. It is in single
/// precision, hence a large step and a loose bound; the tests above compare the layers with their
/// definitions.
void expect_consistent_gradient(const AutoencoderSpec& spec) {
  const Autoencoder model(spec);
  Buffer<float> parameters(model.layout().size());
  Buffer<float> gradient(parameters.size());
  std::mt19937 random(9);
  std::normal_distribution<float> normal(0, 0.4F);
  std::uniform_real_distribution<float> unit(0, 1);
  for (const Tensor& tensor : model.layout().tensors()) {
    const float middle = tensor.name.ends_with("gain") ? 1.0F : 0.0F;
    for (Index i = 0; i < tensor.size; ++i) parameters[tensor.offset + i] = middle + normal(random);
  }
  constexpr Index rows = 4;
  Buffer<float> samples(rows * model.features());
  for (Index i = 0; i < samples.size(); ++i) samples[i] = unit(random);
  const ConstMatrix x(samples.data(), rows, model.features());
  Workspace workspace = model.make_workspace(rows);
  PassContext context;
  context.training = true;
  const auto loss = [&] {
    return model.train_pass(parameters.data(), x, 1, workspace, gradient.data(), context, {}).loss;
  };
  loss();
  const Vector exact = doubles(gradient);
  for (const Tensor& tensor : model.layout().tensors()) {
    double error = 0;
    double size = 0;
    for (Index i = 0; i < tensor.size; ++i) {
      float& parameter = parameters[tensor.offset + i];
      const float middle = parameter;
      constexpr float h = 4e-3F;
      parameter = middle + h;
      const double above = loss();
      parameter = middle - h;
      const double below = loss();
      parameter = middle;
      const double expected = (above - below) / (2 * static_cast<double>(h));
      const double difference = expected - exact[static_cast<std::size_t>(tensor.offset + i)];
      error += difference * difference;
      size += expected * expected;
    }
    EXPECT_GT(size, 0) << tensor.name;
    EXPECT_LT(std::sqrt(error), 5e-3 * std::sqrt(size) + 1e-4) << tensor.name;
  }
}

AutoencoderSpec convolutional_spec() {
  AutoencoderSpec spec;
  spec.encoder = layer_list_from("6x5x2,conv:3x3s2,conv:4x2,5");
  spec.activation = Activation::tanh;
  spec.feature_mean = false;
  return spec;
}

TEST(ConvolutionalAutoencoder, gradient) {
  AutoencoderSpec spec = convolutional_spec();
  expect_consistent_gradient(spec);
  spec.layer_norm = true;
  expect_consistent_gradient(spec);
  spec.activation = Activation::gelu;
  expect_consistent_gradient(spec);
  spec.encoder = layer_list_from("6x5x2,tconv:2x2s2,conv:3x3s2,conv:2x3s2");
  spec.layer_norm = false;
  expect_consistent_gradient(spec);
}

TEST(ConvolutionalAutoencoder, gradient_in_one_and_three_dimensions) {
  AutoencoderSpec spec = convolutional_spec();
  for (const std::string text : {"12x2,conv1d:3x3s2,conv1d:4x4s2,5", "24,conv1d:3x5s3,conv1d:2x3s2",
                                 "4x3x4x2,conv3d:3x3s2,4", "3x4x3,conv3d:2x2s1,conv3d:3x3s2,5"}) {
    spec.encoder = layer_list_from(text);
    for (const bool tied : {false, true}) {
      spec.tied = tied;
      expect_consistent_gradient(spec);
    }
    spec.tied = false;
    spec.layer_norm = true;
    expect_consistent_gradient(spec);
    spec.layer_norm = false;
  }
}

TEST(ConvolutionalAutoencoder, tied_weights_collect_both_gradients) {
  AutoencoderSpec spec = convolutional_spec();
  spec.tied = true;
  const Autoencoder model(spec);
  for (const Tensor& tensor : model.layout().tensors()) {
    EXPECT_FALSE(tensor.name.starts_with("decoder") && tensor.name.ends_with("weight"))
        << tensor.name;
  }
  expect_consistent_gradient(spec);
}

TEST(ConvolutionalAutoencoder, layer_norm_has_a_gain_a_channel) {
  AutoencoderSpec spec = convolutional_spec();
  spec.layer_norm = true;
  const Autoencoder model(spec);
  Index seen = 0;
  for (const Tensor& tensor : model.layout().tensors()) {
    if (tensor.name == "encoder/0/norm/gain" || tensor.name == "decoder/1/norm/gain") {
      EXPECT_EQ(tensor.size, 3) << tensor.name;
      ++seen;
    }
    if (tensor.name == "decoder/0/norm/gain") {
      EXPECT_EQ(tensor.size, 2 * 2 * 4) << "of a dense layer: one a unit";
      ++seen;
    }
  }
  EXPECT_EQ(seen, 3);
}

}  // namespace
}  // namespace hourglass
