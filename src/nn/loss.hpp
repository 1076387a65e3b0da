#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/core/matrix_view.hpp"
#include "nn/activation.hpp"
#include "nn/count_loss.hpp"
#include "nn/image_shape.hpp"
#include "nn/mixed_loss.hpp"

namespace hourglass {

/// The error function L(x, x^) of one sample; a sum over its D features, or (loss_reduction = mean)
/// that sum divided by D.
enum class Loss {
  mse,  ///< (x^ - x)^2
  /// Binary cross-entropy -x ln x^ - (1 - x) ln(1 - x^), computed from logits z:
  /// max(z, 0) - z x + ln(1 + exp(-|z|)).
  bce,
  mae,  ///< |x^ - x|
  /// e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2), with e = x^ - x (Huber 1964).
  huber,
  log_cosh,  ///< ln cosh(x^ - x)
  /// x^ - x ln x^, for outputs x^ > 0 (softplus, sigmoid); of linear outputs the full likelihood of
  /// counts (nn/count_loss.hpp), x^ = exp(z) s.
  poisson,
  cosine,  ///< 1 - x . x^ / (|x| |x^|), one term per sample
  /// 1 - the mean structural similarity over 7 x 7 windows of the image, peak 1 (Wang et al. 2004).
  ssim,
  /// A table's: squared error of numbers, binary cross-entropy of booleans, softmax cross-entropy
  /// of categories (nn/mixed_loss.hpp); the mean is over the columns.
  mixed,
  nb,    ///< negative binomial likelihood of counts (nn/count_loss.hpp), x^ the mean
  zinb,  ///< zero-inflated negative binomial likelihood of counts, x^ the mean of the binomial
};

[[nodiscard]] std::string_view name_of(Loss loss);
/// Throws Error(usage) that lists the names.
[[nodiscard]] Loss loss_from(std::string_view name);
[[nodiscard]] std::vector<std::string> loss_names();

/// Throws Error(usage) naming both settings when the loss cannot be used with the output activation
/// (bce needs sigmoid; poisson softplus, sigmoid or linear; mixed, nb and zinb linear).
void check_loss(Loss loss, Activation output_activation);

/// The distribution of the counts that the loss is the likelihood of; none for other losses.
[[nodiscard]] std::optional<CountDistribution> distribution_of(Loss loss,
                                                               Activation output_activation);
/// Logits per feature: the network's outputs are so many times D.
[[nodiscard]] Index logits_per_feature(Loss loss);

/// Sums over the samples of a micro-batch, in double, in row order.
struct LossSums {
  double loss = 0;  ///< sum of the samples' losses (per the reduction over features)
  /// Sum over samples and features of (x^ - x)^2; of a sample of which only d elements are there,
  /// D / d times the sum over these.
  double squared_error = 0;
  double penalty = 0;  ///< the part of `loss` that is penalties
};

/// Further inputs of some losses.
struct LossOptions {
  /// rows x D (stride 0: one row for all), empty: 1. Factors of the components' terms, of cosine's
  /// products, of ssim's windows (summed over their pixels).
  ConstMatrix weights;
  /// rows x D, 1 where the target's element is there and 0 where it is missing; empty: all there.
  /// `weights`, if any, are 0 where an element is missing; targets are finite everywhere. A sample
  /// with d of D elements has the loss
  ///   sum of its d terms,  divided by d (instead of D) with `feature_mean`;
  /// with none its loss and gradient are 0. Not for ssim.
  ConstMatrix present;
  double huber_delta = 1;
  ImageShape image;                     ///< ssim
  std::span<float> scratch;             ///< loss_scratch_floats() of them, when there is a gradient
  std::span<const OutputGroup> groups;  ///< mixed: all components, one after the other
  std::span<const float> sizes;         ///< counts: size factor of each row; empty: 1
  /// counts: receives scale * dL/d ln s of each row's size factor s, unless empty.
  std::span<float> size_gradient;
};

/// Floats of scratch memory that the gradient of a loss needs for samples of `features` numbers:
/// not 0 for cosine and ssim of an output activation that saves its derivative.
[[nodiscard]] Index loss_scratch_floats(Loss loss, Activation output_activation, Index features);

/// Whether the loss is a sum of terms of single components, so that they can be weighted.
[[nodiscard]] bool is_componentwise(Loss loss);
/// The interval of valid data: [0, 1] for bce, [0, infinity) for poisson, nb and zinb, else all
/// numbers.
struct Domain {
  double lowest;
  double highest;
};
[[nodiscard]] Domain domain_of(Loss loss);

/// Output activation, loss and gradient in one pass over memory. On entry `logits` (rows x D) holds
/// z + bias already added; on return it holds the reconstruction x^ = s(z). `gradient` (rows x D)
/// receives `scale` * dL/dz, or is empty (evaluation). `feature_mean` divides loss and gradient by
/// D, except for cosine and ssim, which have one term per sample. Likelihoods of counts have
/// `logits` and `gradient` of rows x logits_per_feature() D, and the reconstruction in the first D.
LossSums loss_and_gradient(Loss loss, Activation output_activation, bool feature_mean, float scale,
                           ConstMatrix target, Matrix logits, Matrix gradient,
                           const LossOptions& options = {});

}  // namespace hourglass
