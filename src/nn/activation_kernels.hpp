#pragma once

#include <string_view>
#include <tuple>
#include <utility>

#include "hourglass/core/error.hpp"
#include "math/elementwise.hpp"
#include "nn/activation.hpp"

// One struct per activation, inlined into the loops over matrices: its name, y = s(z) and its
// derivatives, from z or from y.
namespace hourglass::kernel {

/// s(z) and s'(z).
struct ValueAndSlope {
  float value;
  float slope;
};

/// Activations whose derivatives follow from the result have `value(z)`, `slope(y)` and
/// `curvature(y)`, which is s''. Comparisons are written so that a NaN propagates.
struct Linear {
  static constexpr Activation id = Activation::linear;
  static constexpr std::string_view name = "linear";
  static constexpr bool saves = false;
  static float value(float z) { return z; }
  static float slope(float /*y*/) { return 1.0F; }
  static float curvature(float /*y*/) { return 0.0F; }
};

struct Sigmoid {
  static constexpr Activation id = Activation::sigmoid;
  static constexpr std::string_view name = "sigmoid";
  static constexpr bool saves = false;
  static float value(float z) { return elementwise::sigmoid(z); }
  static float slope(float y) { return y * (1.0F - y); }
  static float curvature(float y) { return y * (1.0F - y) * (1.0F - 2.0F * y); }
};

struct Tanh {
  static constexpr Activation id = Activation::tanh;
  static constexpr std::string_view name = "tanh";
  static constexpr bool saves = false;
  static float value(float z) { return elementwise::tanh(z); }
  static float slope(float y) { return (1.0F - y) * (1.0F + y); }
  static float curvature(float y) { return -2.0F * y * (1.0F - y) * (1.0F + y); }
};

struct Relu {
  static constexpr Activation id = Activation::relu;
  static constexpr std::string_view name = "relu";
  static constexpr bool saves = false;
  static float value(float z) { return z < 0 ? 0.0F : z; }
  static float slope(float y) { return y > 0 ? 1.0F : 0.0F; }
  static float curvature(float /*y*/) { return 0.0F; }
};

struct LeakyRelu {
  static constexpr Activation id = Activation::leaky_relu;
  static constexpr std::string_view name = "leaky-relu";
  static constexpr bool saves = false;
  static constexpr float leak = 0.01F;
  static float value(float z) { return z > 0 ? z : leak * z; }
  static float slope(float y) { return y > 0 ? 1.0F : leak; }
  static float curvature(float /*y*/) { return 0.0F; }
};

struct Elu {
  static constexpr Activation id = Activation::elu;
  static constexpr std::string_view name = "elu";
  static constexpr bool saves = false;
  static float value(float z) { return z > 0 ? z : elementwise::expm1_nonpositive(z); }
  static float slope(float y) { return y > 0 ? 1.0F : y + 1.0F; }
  static float curvature(float y) { return y > 0 ? 0.0F : y + 1.0F; }
};

struct Selu {
  static constexpr Activation id = Activation::selu;
  static constexpr std::string_view name = "selu";
  static constexpr bool saves = false;
  static constexpr float scale = 1.05070098735548F;
  static constexpr float scaled_alpha = 1.75809934084738F;
  static float value(float z) {
    return z > 0 ? scale * z : scaled_alpha * elementwise::expm1_nonpositive(z);
  }
  static float slope(float y) { return y > 0 ? scale : y + scaled_alpha; }
  static float curvature(float y) { return y > 0 ? 0.0F : y + scaled_alpha; }
};

struct Softplus {
  static constexpr Activation id = Activation::softplus;
  static constexpr std::string_view name = "softplus";
  static constexpr bool saves = false;
  static float value(float z) { return elementwise::softplus(z); }
  // s'(z) = sigmoid(z) = 1 - exp(-y).
  static float slope(float y) { return -elementwise::expm1_nonpositive(-y); }
  static float curvature(float y) { return slope(y) * (1.0F - slope(y)); }
};

/// Where two values of z share one y, the derivative is computed with the value and saved: such
/// activations have `both(z)`, `value(z)` and `curvature(z)`. The slope of gelu is
/// Phi(z) + z phi(z).
struct Gelu {
  static constexpr Activation id = Activation::gelu;
  static constexpr std::string_view name = "gelu";
  static constexpr bool saves = true;
  static ValueAndSlope both(float z) {
    const auto [distribution, density] = elementwise::normal(z);
    return {z * distribution, std::fma(z, density, distribution)};
  }
  static float value(float z) { return z * elementwise::normal(z).distribution; }
  static float curvature(float z) { return elementwise::normal(z).density * (2.0F - z * z); }
};

struct Silu {
  static constexpr Activation id = Activation::silu;
  static constexpr std::string_view name = "silu";
  static constexpr bool saves = true;
  static ValueAndSlope both(float z) {
    const float s = elementwise::sigmoid(z);
    return {z * s, s * std::fma(z, 1.0F - s, 1.0F)};
  }
  static float value(float z) { return z * elementwise::sigmoid(z); }
  static float curvature(float z) {
    const float s = elementwise::sigmoid(z);
    return s * (1.0F - s) * std::fma(z, 1.0F - 2.0F * s, 2.0F);
  }
};

template <class Kernel>
ValueAndSlope value_and_slope(float z) {
  if constexpr (Kernel::saves) {
    return Kernel::both(z);
  } else {
    const float y = Kernel::value(z);
    return {y, Kernel::slope(y)};
  }
}

/// Every activation, in the order of the names in messages and --help.
using All = std::tuple<Linear, Sigmoid, Tanh, Relu, LeakyRelu, Elu, Selu, Gelu, Softplus, Silu>;

/// Calls `function` with the activation's struct: the choice is made per matrix, not per element.
template <std::size_t index = 0, class Function>
decltype(auto) dispatch(Activation activation, Function&& function) {
  using Kernel = std::tuple_element_t<index, All>;
  if constexpr (index + 1 < std::tuple_size_v<All>) {
    if (activation != Kernel::id)
      return dispatch<index + 1>(activation, std::forward<Function>(function));
  }
  require(activation == Kernel::id, "an activation without a kernel");
  return function(Kernel{});
}

}  // namespace hourglass::kernel
