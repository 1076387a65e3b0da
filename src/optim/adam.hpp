#pragma once

#include "optim/optimizer.hpp"

namespace hourglass {

/// Adam (Kingma & Ba 2015) with L2 weight decay in the gradient, or AdamW, whose decay is decoupled
/// from it (Loshchilov & Hutter 2019), as torch.optim.Adam and AdamW. With rate r, weight decay w
/// and t the step counted from 1:
///   adam:   g = scale * gradient + w * p,  d = 0
///   adamw:  g = scale * gradient,          d = r * w
///   m += (1 - beta1) * (g - m);  v += (1 - beta2) * (g^2 - v)
///   p -= r / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + epsilon) + d * p
/// State: m ("mean") and v ("variance").
class Adam final : public Optimizer {
 public:
  enum class Decay { in_gradient, decoupled };

  /// Throws Error(usage) naming beta1, beta2, epsilon or weight decay when it is out of range.
  Adam(const OptimizerSettings& settings, Decay decay);

  [[nodiscard]] std::vector<std::string> state_names() const override;
  void update(const UpdateStep& step, std::span<float> parameters, std::span<const float> gradient,
              std::span<float* const> state) const override;

 private:
  double beta1_;
  double beta2_;
  double epsilon_;
  double weight_decay_;
  Decay decay_;
};

}  // namespace hourglass
