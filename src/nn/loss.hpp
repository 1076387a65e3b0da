#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/core/matrix_view.hpp"
#include "nn/activation.hpp"
#include "nn/image_shape.hpp"

namespace hourglass {

/// The error function L(x, x^) of one sample; a sum over its D features, or (loss_reduction = mean)
/// that sum divided by D.
enum class Loss {
  mse,  ///< (x^ - x)^2
  bce,  ///< binary cross-entropy -x ln x^ - (1 - x) ln(1 - x^), computed from logits: max(z,0) - z
        ///< x + ln(1 + exp(-|z|))
  mae,  ///< |x^ - x|
  huber,     ///< e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2), with e = x^ - x (Huber
             ///< 1964)
  log_cosh,  ///< ln cosh(x^ - x)
  poisson,  ///< x^ - x ln x^, from the output x^ > 0 (softplus) or its logarithm (linear): exp(z) -
            ///< x z
  cosine,   ///< 1 - x . x^ / (|x| |x^|), one term a sample
  ssim,     ///< 1 - mean structural similarity over 7 x 7 windows of the image, peak 1 (Wang et al.
            ///< 2004)
};

[[nodiscard]] std::string_view name_of(Loss loss);
/// Throws Error(usage) that lists the names.
[[nodiscard]] Loss loss_from(std::string_view name);
[[nodiscard]] std::vector<std::string> loss_names();

/// Throws Error(usage) naming both settings when the loss cannot be used with the output activation
/// (bce wants sigmoid; poisson softplus, or linear for the logarithm of the rate).
void check_loss(Loss loss, Activation output_activation);

/// Sums over the samples of a micro-batch, in double, in row order.
struct LossSums {
  double loss = 0;           ///< sum of the samples' losses (per the reduction over features)
  double squared_error = 0;  ///< sum over samples and features of (x^ - x)^2
  double penalty = 0;        ///< the part of `loss` that is penalties
};

/// What some losses want to know besides.
struct LossOptions {
  ConstMatrix weights;  ///< rows x D (stride 0: one row for all): factor of each component's term,
                        ///< in cosine's products, of ssim's windows; empty: 1
  double huber_delta = 1;
  ImageShape image;          ///< ssim
  std::span<float> scratch;  ///< loss_scratch_floats() of them, when there is a gradient
};

/// Floats of scratch memory that the gradient of a loss needs for samples of `features` numbers: of
/// cosine and ssim, where the output activation's derivative cannot be had from its result.
[[nodiscard]] Index loss_scratch_floats(Loss loss, Activation output_activation, Index features);

/// Whether the loss is a sum of terms of single components, so that they can be weighted.
[[nodiscard]] bool is_componentwise(Loss loss);
/// The values that data must keep to: {0, 1} for bce, {0, infinity} for poisson, else everything.
struct Domain {
  double lowest;
  double highest;
};
[[nodiscard]] Domain domain_of(Loss loss);

/// Output activation, loss and gradient in one pass over memory. On entry `logits` (rows x D) holds
/// z + bias already added; on return it holds the reconstruction x^ = s(z). `gradient` (rows x D)
/// receives `scale` * dL/dz, or is empty (evaluation). `feature_mean` divides loss and gradient by
/// D. cosine and ssim are one term a sample: `feature_mean` does not touch them.
LossSums loss_and_gradient(Loss loss, Activation output_activation, bool feature_mean, float scale,
                           ConstMatrix target, Matrix logits, Matrix gradient,
                           const LossOptions& options = {});

}  // namespace hourglass
