#pragma once

#include <random>
#include <string>
#include <vector>

#include "core/buffer.hpp"
#include "nn/convolution.hpp"
#include "nn/reference.hpp"

namespace hourglass::convolution_test {

using reference::Vector;

struct Case {
  std::string text;  ///< the input's shape and the layer
  Activation activation;
};

/// The layer's function from its definition: every pair of pixels that a window connects.
inline Vector direct(const LayerSpec& layer, const ImageShape& in, const ImageShape& out,
                     const Vector& weight, const Vector& bias, const Vector& x) {
  const bool transposed = layer.kind == LayerSpec::Kind::transposed_convolution;
  const ImageShape& small = transposed ? in : out;
  const ImageShape& large = transposed ? out : in;
  const Window& w = layer.window;
  // The place of channel c of an element in memory; -1 outside of the image.
  const auto place = [](const ImageShape& image, Index t, Index y, Index u, Index c) {
    const bool inside =
        t >= 0 && t < image.depth && y >= 0 && y < image.height && u >= 0 && u < image.width;
    return inside ? ((t * image.height + y) * image.width + u) * image.channels + c : -1;
  };
  Vector z(static_cast<std::size_t>(out.size()));
  for (std::size_t i = 0; i < z.size(); ++i)
    z[i] = bias[i % static_cast<std::size_t>(out.channels)];
  const Index window_places = w.kernel.product();
  for (Index position = 0; position < small.places(); ++position) {
    const Index t = position / (small.height * small.width);
    const Index y = position / small.width % small.height;
    const Index u = position % small.width;
    for (Index element = 0; element < window_places; ++element) {
      const Index k = element / (w.kernel.height * w.kernel.width);
      const Index i = element / w.kernel.width % w.kernel.height;
      const Index j = element % w.kernel.width;
      for (Index a = 0; a < small.channels; ++a) {
        for (Index b = 0; b < large.channels; ++b) {
          const Index l = place(large, t * w.stride.depth - w.padding.depth + k,
                                y * w.stride.height - w.padding.height + i,
                                u * w.stride.width - w.padding.width + j, b);
          if (l < 0) continue;
          const Index s = place(small, t, y, u, a);
          // small channels x large channels x kernel: out x in of a convolution, in x out of a
          // transposed one.
          const Index weight_at = (a * large.channels + b) * window_places + element;
          z[static_cast<std::size_t>(transposed ? l : s)] +=
              weight[static_cast<std::size_t>(weight_at)] *
              x[static_cast<std::size_t>(transposed ? s : l)];
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

inline Vector doubles(const Buffer<float>& values) {
  return {values.span().begin(), values.span().end()};
}

}  // namespace hourglass::convolution_test
