#include "nn/activation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "nn/activation_kernels.hpp"

namespace hourglass {

namespace {

template <class Kernel>
void forward(const float* bias, Matrix z, Matrix derivative) {
  for (Index r = 0; r < z.rows; ++r) {
    float* __restrict values = z.data + r * z.stride;
    if constexpr (Kernel::saves) {
      if (!derivative.empty()) {
        float* __restrict slopes = derivative.data + r * derivative.stride;
        for (Index c = 0; c < z.columns; ++c) {
          const auto [value, slope] =
              Kernel::both(bias == nullptr ? values[c] : values[c] + bias[c]);
          values[c] = value;
          slopes[c] = slope;
        }
        continue;
      }
    }
    if (bias == nullptr) {
      for (Index c = 0; c < z.columns; ++c) values[c] = Kernel::value(values[c]);
    } else {
      for (Index c = 0; c < z.columns; ++c) values[c] = Kernel::value(values[c] + bias[c]);
    }
  }
}

// The slope of an element: saved by the forward pass, or computed from its result.
template <class Kernel>
float slope_at(const float* y, const float* saved, Index c) {
  if constexpr (Kernel::saves) {
    return saved[c];
  } else {
    return Kernel::slope(y[c]);
  }
}

// `count` rows at a time: their sum stays in a register, so that the bias gradient is loaded and
// stored once for all of them. The additions and their order are those of a sum row by row.
template <class Kernel, int count>
void backward_rows(ConstMatrix y, ConstMatrix derivative, Matrix dy, Index first,
                   float* __restrict bias_gradient) {
  const float* values = y.data + first * y.stride;
  const float* saved = Kernel::saves ? derivative.data + first * derivative.stride : nullptr;
  float* __restrict gradient = dy.data + first * dy.stride;
  // Neighbouring rows touch, which a run-time overlap check would take for an overlap; and unless
  // the rows are unrolled, the compiler may put them, four at most, into the vectors instead of the
  // columns.
#pragma GCC ivdep
  for (Index c = 0; c < dy.columns; ++c) {
    float sum = bias_gradient[c];
#pragma GCC unroll 4
    for (int i = 0; i < count; ++i) {
      float* __restrict g = gradient + i * dy.stride;
      if constexpr (!std::is_same_v<Kernel, kernel::Linear>) {
        g[c] *= slope_at<Kernel>(values + i * y.stride,
                                 Kernel::saves ? saved + i * derivative.stride : nullptr, c);
      }
      sum += g[c];
    }
    bias_gradient[c] = sum;
  }
}

template <class Kernel>
void backward_without_bias(ConstMatrix y, ConstMatrix derivative, Matrix dy) {
  if constexpr (!std::is_same_v<Kernel, kernel::Linear>) {
    for (Index r = 0; r < dy.rows; ++r) {
      const float* values = y.data + r * y.stride;
      const float* saved = Kernel::saves ? derivative.data + r * derivative.stride : nullptr;
      float* __restrict g = dy.data + r * dy.stride;
      for (Index c = 0; c < dy.columns; ++c) g[c] *= slope_at<Kernel>(values, saved, c);
    }
  }
}

template <class Kernel>
void backward(ConstMatrix y, ConstMatrix derivative, Matrix dy, std::span<float> bias_gradient) {
  if (bias_gradient.empty()) {
    backward_without_bias<Kernel>(y, derivative, dy);
    return;
  }
  std::ranges::fill(bias_gradient, 0.0F);
  Index r = 0;
  for (; r + 4 <= dy.rows; r += 4)
    backward_rows<Kernel, 4>(y, derivative, dy, r, bias_gradient.data());
  for (; r < dy.rows; ++r) backward_rows<Kernel, 1>(y, derivative, dy, r, bias_gradient.data());
}

bool same_shape(ConstMatrix a, ConstMatrix b) { return a.rows == b.rows && a.columns == b.columns; }

}  // namespace

std::string_view name_of(Activation activation) {
  return kernel::dispatch(activation, [](auto kernel) { return decltype(kernel)::name; });
}

Activation activation_from(std::string_view name) {
  const auto names = activation_names();
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) {
    throw Error(ErrorKind::usage, fmt::format("unknown activation '{}'; use one of: {}", name,
                                              fmt::join(names, ", ")));
  }
  return std::apply([&](auto... kernel) { return std::array{decltype(kernel)::id...}; },
                    kernel::All{})[static_cast<std::size_t>(found - names.begin())];
}

std::vector<std::string> activation_names() {
  return std::apply(
      [](auto... kernel) {
        return std::vector<std::string>{std::string(decltype(kernel)::name)...};
      },
      kernel::All{});
}

bool saves_derivative(Activation activation) {
  return kernel::dispatch(activation, [](auto kernel) { return decltype(kernel)::saves; });
}

void activation_forward(Activation activation, std::span<const float> bias, Matrix z,
                        Matrix derivative) {
  require(bias.empty() || static_cast<Index>(bias.size()) == z.columns,
          "a bias that does not fit its layer");
  require(derivative.empty() || !saves_derivative(activation) || same_shape(z, derivative),
          "an activation without memory for its derivative");
  if (activation == Activation::linear && bias.empty()) return;
  kernel::dispatch(activation, [&](auto kernel) {
    forward<decltype(kernel)>(bias.empty() ? nullptr : bias.data(), z, derivative);
  });
}

void activation_backward(Activation activation, ConstMatrix y, ConstMatrix derivative, Matrix dy,
                         std::span<float> bias_gradient) {
  require(same_shape(y, dy), "a gradient that does not fit its activations");
  require(!saves_derivative(activation) || dy.rows == 0 ||
              (!derivative.empty() && same_shape(derivative, dy)),
          "an activation's derivative was not saved");
  require(bias_gradient.empty() || static_cast<Index>(bias_gradient.size()) == dy.columns,
          "a bias gradient that does not fit");
  kernel::dispatch(activation, [&](auto kernel) {
    backward<decltype(kernel)>(y, derivative, dy, bias_gradient);
  });
}

}  // namespace hourglass
