#pragma once

#include "optim/optimizer.hpp"

namespace hourglass {

/// Layer-wise adaptive rate scaling (You, Gitman & Ginsburg 2017): SGD with momentum m whose rate r
/// is multiplied, for every weight matrix, by
///   ratio = trust |p| / (|g| + w |p|)      (1 for biases, and where |p| or |g| is 0)
///   g = scale * gradient + w * p;  b = m b + r ratio g;  p -= b
/// State: b ("momentum").
class Lars final : public Optimizer {
 public:
  explicit Lars(const OptimizerSettings& settings);

  [[nodiscard]] std::vector<std::string> state_names() const override;
  [[nodiscard]] bool layer_wise() const override { return true; }
  void advance(const UpdateStep& step, std::span<const float> parameters,
               std::span<const float> gradient, std::span<float* const> state,
               TensorNorms& norms) const override;
  [[nodiscard]] double trust_ratio(const UpdateStep& step, double parameter_norm,
                                   double direction_norm) const override;
  void update(const UpdateStep& step, std::span<float> parameters, std::span<const float> gradient,
              std::span<float* const> state) const override;

 private:
  double momentum_;
  double weight_decay_;
  double trust_;
};

}  // namespace hourglass
