// Convolutions against the definition, one output at a time in double; gradients through it by
// central differences.
#include "nn/convolution.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "core/buffer.hpp"
#include "model/autoencoder.hpp"
#include "nn/reference.hpp"

namespace hourglass {
namespace {

using reference::Vector;

struct Case {
  std::string text;  ///< the input's shape and the layer
  Activation activation;
};

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
};

/// The layer's function from its definition: every pair of pixels that a window connects.
Vector direct(const LayerSpec& layer, const ImageShape& in, const ImageShape& out,
              const Vector& weight, const Vector& bias, const Vector& x) {
  const bool transposed = layer.kind == LayerSpec::Kind::transposed_convolution;
  const ImageShape& small = transposed ? in : out;
  const ImageShape& large = transposed ? out : in;
  const Window& w = layer.window;
  const auto place = [](const ImageShape& image, Index y, Index x_, Index c) {
    return static_cast<std::size_t>((y * image.width + x_) * image.channels + c);
  };
  Vector z(static_cast<std::size_t>(out.size()));
  for (std::size_t i = 0; i < z.size(); ++i)
    z[i] = bias[i % static_cast<std::size_t>(out.channels)];
  for (Index y = 0; y < small.height; ++y) {
    for (Index u = 0; u < small.width; ++u) {
      for (Index i = 0; i < w.kernel.height; ++i) {
        for (Index j = 0; j < w.kernel.width; ++j) {
          const Index row = y * w.stride.height - w.padding.height + i;
          const Index column = u * w.stride.width - w.padding.width + j;
          if (row < 0 || row >= large.height || column < 0 || column >= large.width) continue;
          for (Index a = 0; a < small.channels; ++a) {
            for (Index b = 0; b < large.channels; ++b) {
              // small channels x large channels x kernel: out x in of a convolution, in x out of a
              // transposed one.
              const auto k = static_cast<std::size_t>(
                  ((a * large.channels + b) * w.kernel.height + i) * w.kernel.width + j);
              const std::size_t s = place(small, y, u, a);
              const std::size_t l = place(large, row, column, b);
              z[transposed ? l : s] += weight[k] * x[transposed ? s : l];
            }
          }
        }
      }
    }
  }
  return z;
}

/// A layer with random parameters, inputs and a random cotangent v; its objective is sum v s(z).
struct Trial {
  explicit Trial(const Case& test, Index rows_ = 3)
      : list(layer_list_from(test.text)),
        shapes(unit_shapes(list, "layers")),
        rows(rows_),
        activation(test.activation),
        layer(layout, "layer", list[1], shapes[0].image, shapes[1].image, test.activation),
        parameters(layout.size()),
        gradient(layout.size()),
        x(rows * shapes[0].units),
        y(rows * shapes[1].units),
        dy(rows * shapes[1].units),
        dx(rows * shapes[0].units),
        v(rows * shapes[1].units),
        scratch(rows * layer.scratch_per_row() + layer.fixed_scratch()) {
    std::mt19937 random(3);
    std::normal_distribution<float> normal(0, 0.5F);
    for (const Tensor& tensor : layout.tensors()) {
      for (Index i = 0; i < tensor.size; ++i) parameters[tensor.offset + i] = normal(random);
    }
    for (Index i = 0; i < x.size(); ++i) x[i] = normal(random);
    for (Index i = 0; i < v.size(); ++i) v[i] = dy[i] = normal(random);
    context.training = true;
    layer.forward(parameters.data(), in(), out(), scratch.span(), context);
  }

  [[nodiscard]] ConstMatrix in() const { return {x.data(), rows, shapes[0].units}; }
  [[nodiscard]] Matrix out() { return {y.data(), rows, shapes[1].units}; }
  void backward() {
    layer.backward(parameters.data(), in(), out(), {dy.data(), rows, shapes[1].units},
                   {dx.data(), rows, shapes[0].units}, gradient.data(), scratch.span(), context);
  }

  [[nodiscard]] Vector part(const Vector& all, Slot slot) const {
    const Tensor& tensor = layout.tensor(slot);
    return {all.begin() + tensor.offset, all.begin() + tensor.offset + tensor.size};
  }
  [[nodiscard]] Vector sample(const Vector& all, Index r) const {
    return {all.begin() + r * shapes[0].units, all.begin() + (r + 1) * shapes[0].units};
  }
  [[nodiscard]] double objective(const Vector& p, const Vector& inputs) const {
    double sum = 0;
    for (Index r = 0; r < rows; ++r) {
      const Vector z = direct(list[1], shapes[0].image, shapes[1].image, part(p, 0), part(p, 1),
                              sample(inputs, r));
      for (std::size_t i = 0; i < z.size(); ++i) {
        sum += static_cast<double>(v[r * shapes[1].units + static_cast<Index>(i)]) *
               reference::activation(activation, z[i]);
      }
    }
    return sum;
  }

  LayerList list;
  std::vector<UnitShape> shapes;
  Index rows;
  Activation activation;
  Layout layout;
  Convolution layer;
  Buffer<float> parameters;
  Buffer<float> gradient;
  Buffer<float> x;
  Buffer<float> y;
  Buffer<float> dy;
  Buffer<float> dx;
  Buffer<float> v;
  Buffer<float> scratch;
  PassContext context;
};

Vector doubles(const Buffer<float>& values) { return {values.span().begin(), values.span().end()}; }

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
  for (const std::string text : {"40x40x8,conv:8x5", "40x40x8,tconv:8x5", "40x40x8,conv:8x5s3p0"}) {
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
