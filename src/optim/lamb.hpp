#pragma once

#include "optim/optimizer.hpp"

namespace hourglass {

/// LAMB (You et al. 2020): Adam's direction with decoupled weight decay w, scaled for every weight
/// matrix to the norm of its weights:
///   g = scale * gradient;  m += (1 - beta1)(g - m);  v += (1 - beta2)(g^2 - v)
///   u = m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + epsilon) + w p
///   ratio = |p| / |u|      (1 for biases, and where either is 0)
///   p -= r ratio u
/// State: m ("mean") and v ("variance"). advance() moves them; update() uses them as they are.
class Lamb final : public Optimizer {
 public:
  explicit Lamb(const OptimizerSettings& settings);

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
  struct Direction;
  [[nodiscard]] Direction direction(const UpdateStep& step) const;

  double beta1_;
  double beta2_;
  double epsilon_;
  double weight_decay_;
};

}  // namespace hourglass
