#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/core/matrix_view.hpp"
#include "hourglass/nn/activation.hpp"

namespace hourglass {

/// The error function L(x, x^) of one sample; a sum over its D features, or (loss_reduction = mean) that sum divided by D.
enum class Loss {
  mse,  ///< (x^ - x)^2
  bce,  ///< binary cross-entropy -x ln x^ - (1 - x) ln(1 - x^), computed from logits: max(z,0) - z x + ln(1 + exp(-|z|))
};

[[nodiscard]] std::string_view name_of(Loss loss);
/// Throws Error(usage) that lists the names.
[[nodiscard]] Loss loss_from(std::string_view name);
[[nodiscard]] std::vector<std::string> loss_names();

/// Throws Error(usage) naming both settings when the loss cannot be used with the output activation (bce wants sigmoid).
void check_loss(Loss loss, Activation output_activation);

/// Sums over the samples of a micro-batch, in double, in row order.
struct LossSums {
  double loss = 0;           ///< sum of the samples' losses (per the reduction over features)
  double squared_error = 0;  ///< sum over samples and features of (x^ - x)^2
};

/// Output activation, loss and gradient in one pass over memory. On entry `logits` (rows x D) holds z + bias already added;
/// on return it holds the reconstruction x^ = s(z). `gradient` (rows x D) receives `scale` * dL/dz, or is empty (evaluation).
/// `feature_mean` divides loss and gradient by D.
LossSums loss_and_gradient(Loss loss, Activation output_activation, bool feature_mean, float scale, ConstMatrix target,
                           Matrix logits, Matrix gradient);

}  // namespace hourglass
