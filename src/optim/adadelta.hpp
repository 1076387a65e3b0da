#pragma once

#include "optim/optimizer.hpp"

namespace hourglass {

/// Adadelta (Zeiler 2012), as torch.optim.Adadelta. With rate r (1 in the paper), weight decay w
/// and a = beta2:
///   g = scale * gradient + w * p;  v = a v + (1 - a) g^2
///   d = g sqrt(u + epsilon) / sqrt(v + epsilon);  u = a u + (1 - a) d^2
///   p -= r d
/// State: v ("variance") and u ("step_variance").
class AdaDelta final : public Optimizer {
 public:
  explicit AdaDelta(const OptimizerSettings& settings);

  [[nodiscard]] std::vector<std::string> state_names() const override;
  void update(const UpdateStep& step, std::span<float> parameters, std::span<const float> gradient,
              std::span<float* const> state) const override;

 private:
  double beta2_;
  double epsilon_;
  double weight_decay_;
};

}  // namespace hourglass
