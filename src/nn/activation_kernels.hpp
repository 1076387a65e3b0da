#pragma once

#include "hourglass/core/error.hpp"
#include "hourglass/math/elementwise.hpp"
#include "hourglass/nn/activation.hpp"

// One struct an activation, inlined into the loops over matrices: y = s(z) and its derivative, from z or from y.
namespace hourglass::kernel {

/// s(z) and s'(z).
struct ValueAndSlope {
  float value;
  float slope;
};

/// Those whose derivative is had from the result: `value(z)` and `slope(y)`. Comparisons are turned so that a NaN passes.
struct Linear {
  static constexpr bool saves = false;
  static float value(float z) { return z; }
  static float slope(float /*y*/) { return 1.0F; }
};

struct Sigmoid {
  static constexpr bool saves = false;
  static float value(float z) { return elementwise::sigmoid(z); }
  static float slope(float y) { return y * (1.0F - y); }
};

struct Tanh {
  static constexpr bool saves = false;
  static float value(float z) { return elementwise::tanh(z); }
  static float slope(float y) { return (1.0F - y) * (1.0F + y); }
};

struct Relu {
  static constexpr bool saves = false;
  static float value(float z) { return z < 0 ? 0.0F : z; }
  static float slope(float y) { return y > 0 ? 1.0F : 0.0F; }
};

struct LeakyRelu {
  static constexpr bool saves = false;
  static constexpr float leak = 0.01F;
  static float value(float z) { return z > 0 ? z : leak * z; }
  static float slope(float y) { return y > 0 ? 1.0F : leak; }
};

struct Elu {
  static constexpr bool saves = false;
  static float value(float z) { return z > 0 ? z : elementwise::expm1_nonpositive(z); }
  static float slope(float y) { return y > 0 ? 1.0F : y + 1.0F; }
};

struct Selu {
  static constexpr bool saves = false;
  static constexpr float scale = 1.05070098735548F;
  static constexpr float scaled_alpha = 1.75809934084738F;
  static float value(float z) { return z > 0 ? scale * z : scaled_alpha * elementwise::expm1_nonpositive(z); }
  static float slope(float y) { return y > 0 ? scale : y + scaled_alpha; }
};

struct Softplus {
  static constexpr bool saves = false;
  static float value(float z) { return elementwise::softplus(z); }
  // s'(z) = sigmoid(z) = 1 - exp(-y).
  static float slope(float y) { return -elementwise::expm1_nonpositive(-y); }
};

/// Two values of z share one y, so the derivative Phi(z) + z phi(z) is computed beside the value.
struct Gelu {
  static constexpr bool saves = true;
  static ValueAndSlope both(float z) {
    const auto [distribution, density] = elementwise::normal(z);
    return {z * distribution, std::fma(z, density, distribution)};
  }
  static float value(float z) { return z * elementwise::normal(z).distribution; }
  static float curvature(float z) { return elementwise::normal(z).density * (2.0F - z * z); }
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

/// Calls `function` with the activation's struct: the choice is made once a matrix, not once an element.
template <class Function>
decltype(auto) dispatch(Activation activation, Function&& function) {
  switch (activation) {
    case Activation::linear:
      return function(Linear{});
    case Activation::sigmoid:
      return function(Sigmoid{});
    case Activation::tanh:
      return function(Tanh{});
    case Activation::relu:
      return function(Relu{});
    case Activation::leaky_relu:
      return function(LeakyRelu{});
    case Activation::elu:
      return function(Elu{});
    case Activation::selu:
      return function(Selu{});
    case Activation::gelu:
      return function(Gelu{});
    case Activation::softplus:
      return function(Softplus{});
  }
  throw Error(ErrorKind::bug, "internal error: an activation without a kernel");
}

}  // namespace hourglass::kernel
