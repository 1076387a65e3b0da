#pragma once

#include "optim/optimizer.hpp"

namespace hourglass {

/// Stochastic gradient descent, plain, with momentum (Polyak 1964) or with Nesterov's momentum in
/// the form of Sutskever et al. (2013), as torch.optim.SGD with dampening 0. With rate r, momentum
/// m and weight decay w:
///   g = scale * gradient + w * p
///   plain:     p -= r * g
///   momentum:  b = m * b + g;  p -= r * b
///   nesterov:  b = m * b + g;  p -= r * (g + m * b)
/// With --momentum-schedule sutskever, at step t from 0:
///   m = min(1 - 2^(-1 - log2(floor(t / 250) + 1)), momentum)
/// In the first initial_momentum_steps m is at most initial_momentum. State: none when m = 0, else
/// b
/// ("momentum"), which starts at 0, so that the first b is the first gradient.
class Sgd final : public Optimizer {
 public:
  /// Throws Error(usage) naming momentum, nesterov or weight decay when it is out of range.
  explicit Sgd(const OptimizerSettings& settings);

  [[nodiscard]] std::vector<std::string> state_names() const override;
  void update(const UpdateStep& step, std::span<float> parameters, std::span<const float> gradient,
              std::span<float* const> state) const override;

 private:
  [[nodiscard]] double momentum_at(Index step) const;

  double momentum_;
  double initial_momentum_;
  Index initial_steps_;
  bool scheduled_;
  bool nesterov_;
  double weight_decay_;
};

}  // namespace hourglass
