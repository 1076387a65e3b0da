#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/core/matrix_view.hpp"

namespace hourglass {

/// Element-wise non-linearities y = s(z).
enum class Activation {
  linear,      ///< z
  sigmoid,     ///< 1 / (1 + exp(-z))
  tanh,        ///< tanh z
  relu,        ///< max(0, z)
  leaky_relu,  ///< z > 0 ? z : 0.01 z
  elu,         ///< z > 0 ? z : exp(z) - 1
  selu,        ///< 1.0507 (z > 0 ? z : 1.67326 (exp(z) - 1)) (Klambauer et al. 2017)
  gelu,        ///< z Phi(z), Phi the normal distribution, with erf (Hendrycks & Gimpel 2016)
  softplus,    ///< ln(1 + exp(z))
  silu,        ///< z / (1 + exp(-z)), swish (Elfwing et al. 2018; Ramachandran et al. 2017)
};

/// Names as in the configuration, e.g. "leaky-relu".
[[nodiscard]] std::string_view name_of(Activation activation);
/// Throws Error(usage) that lists the names.
[[nodiscard]] Activation activation_from(std::string_view name);
[[nodiscard]] std::vector<std::string> activation_names();

/// Whether s'(z) does not follow from y = s(z), so that the forward pass must save it (gelu).
[[nodiscard]] bool saves_derivative(Activation activation);

/// Replaces z (rows x n) by s(z + bias), in one pass; `bias` has n elements or is empty. When
/// saves_derivative(activation), `derivative` (rows x n) receives s'(z), unless it is empty, as in
/// inference; otherwise it is ignored.
void activation_forward(Activation activation, std::span<const float> bias, Matrix z,
                        Matrix derivative);

/// Replaces dy = dL/dy (rows x n) by dL/dz = dL/dy * s'(z), in one pass that also writes
///   bias_gradient[c] = sum over rows of dL/dz
/// in the order of rows (`bias_gradient` may be empty). `y` is the result of the forward pass and
/// `derivative` its saved derivative.
void activation_backward(Activation activation, ConstMatrix y, ConstMatrix derivative, Matrix dy,
                         std::span<float> bias_gradient);

}  // namespace hourglass
