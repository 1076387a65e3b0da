#pragma once

#include "optim/optimizer.hpp"

namespace hourglass {

/// RMSProp (Tieleman & Hinton 2012), centred (Graves 2013) and with momentum when asked, as
/// torch.optim.RMSprop. With rate r, momentum m, weight decay w and a = beta2:
///   g = scale * gradient + w * p;  v = a v + (1 - a) g^2;  centred: c = a c + (1 - a) g, d = v -
///   c^2;  else d = v plain: p -= r g / (sqrt(d) + epsilon);  momentum: b = m b + g / (sqrt(d) +
///   epsilon), p -= r b
/// State: v ("variance"), then c ("mean") and b ("momentum") when in use. A d that rounding made
/// negative counts as 0.
class RmsProp final : public Optimizer {
 public:
  explicit RmsProp(const OptimizerSettings& settings);

  [[nodiscard]] std::vector<std::string> state_names() const override;
  void update(const UpdateStep& step, std::span<float> parameters, std::span<const float> gradient,
              std::span<float* const> state) const override;

 private:
  double beta2_;
  double epsilon_;
  double weight_decay_;
  double momentum_;
  bool centered_;
};

}  // namespace hourglass
