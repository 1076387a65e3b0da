#pragma once

#include "optim/optimizer.hpp"

namespace hourglass {

/// AdaGrad (Duchi, Hazan & Singer 2011), as torch.optim.Adagrad without rate decay. With rate r and
/// weight decay w:
///   g = scale * gradient + w * p;  s += g^2;  p -= r * g / (sqrt(s) + epsilon)
/// State: s ("sum").
class AdaGrad final : public Optimizer {
 public:
  explicit AdaGrad(const OptimizerSettings& settings);

  [[nodiscard]] std::vector<std::string> state_names() const override;
  void update(const UpdateStep& step, std::span<float> parameters, std::span<const float> gradient,
              std::span<float* const> state) const override;

 private:
  double epsilon_;
  double weight_decay_;
};

}  // namespace hourglass
