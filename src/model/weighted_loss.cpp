#include "model/weighted_loss.hpp"

#include "model/penalty.hpp"

namespace hourglass {

namespace {

template <class Penalty>
double weighted_rows(const Penalty& penalty, ConstMatrix y, float scale, Matrix dy,
                     const RowWeights& weights) {
  double sum = 0;
  for (Index r = 0; r < y.rows; ++r) {
    sum +=
        static_cast<double>(weights[r]) * penalty(row_of(y, r), scale * weights[r], row_of(dy, r));
  }
  return sum;
}

}  // namespace

RowWeights weights_of(const PassContext& context) {
  return {context.sample_weights, context.sample_ids};
}

LossSums weighted_loss(Loss loss, Activation output_activation, bool feature_mean, float scale,
                       ConstMatrix target, Matrix logits, Matrix gradient,
                       const LossOptions& options, const RowWeights& weights) {
  if (weights.empty()) {
    return loss_and_gradient(loss, output_activation, feature_mean, scale, target, logits, gradient,
                             options);
  }
  LossSums sums;
  for (Index r = 0; r < target.rows; ++r) {
    LossOptions own = options;
    own.weights = row_of(options.weights, r);
    own.present = row_of(options.present, r);
    if (!options.sizes.empty()) own.sizes = options.sizes.subspan(static_cast<std::size_t>(r), 1);
    if (!options.size_gradient.empty())
      own.size_gradient = options.size_gradient.subspan(static_cast<std::size_t>(r), 1);
    const LossSums row =
        loss_and_gradient(loss, output_activation, feature_mean, scale * weights[r],
                          row_of(target, r), row_of(logits, r), row_of(gradient, r), own);
    const auto weight = static_cast<double>(weights[r]);
    sums.loss += weight * row.loss;
    sums.squared_error += weight * row.squared_error;
  }
  return sums;
}

double weighted_l1(double weight, ConstMatrix h, float scale, Matrix gradient,
                   const RowWeights& weights) {
  if (weights.empty()) return l1_penalty(weight, h, scale, gradient);
  const auto penalty = [&](ConstMatrix y, float s, Matrix dy) {
    return l1_penalty(weight, y, s, dy);
  };
  return weighted_rows(penalty, h, scale, gradient, weights);
}

double weighted_variational(double beta, double free_bits, ConstMatrix posterior, float scale,
                            Matrix gradient, const RowWeights& weights) {
  if (weights.empty()) return variational_penalty(beta, free_bits, posterior, scale, gradient);
  const auto penalty = [&](ConstMatrix y, float s, Matrix dy) {
    return variational_penalty(beta, free_bits, y, s, dy);
  };
  return weighted_rows(penalty, posterior, scale, gradient, weights);
}

}  // namespace hourglass
