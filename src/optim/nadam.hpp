#pragma once

#include "optim/optimizer.hpp"

namespace hourglass {

/// NAdam (Dozat 2016), Adam with Nesterov's momentum, as torch.optim.NAdam with its momentum decay
/// of 0.004. With rate r, weight decay w and t the step from 1:
///   mu_t = beta1 (1 - 0.5 * 0.96^(0.004 t))
///   g = scale * gradient + w * p;  m += (1 - beta1)(g - m);  v += (1 - beta2)(g^2 - v)
///   d = (1 - mu_t) / (1 - prod mu_1..t) g + mu_(t+1) / (1 - prod mu_1..t+1) m
///   p -= r d / (sqrt(v / (1 - beta2^t)) + epsilon)
/// The products are computed from t alone and need no state. State: m ("mean") and v ("variance").
class NAdam final : public Optimizer {
 public:
  explicit NAdam(const OptimizerSettings& settings);

  [[nodiscard]] std::vector<std::string> state_names() const override;
  void update(const UpdateStep& step, std::span<float> parameters, std::span<const float> gradient,
              std::span<float* const> state) const override;

 private:
  double beta1_;
  double beta2_;
  double epsilon_;
  double weight_decay_;
};

}  // namespace hourglass
