#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// All optimizers' settings; each uses and checks those whose comment names it and ignores the others.
struct OptimizerSettings {
  std::string name = "adam";  ///< sgd, adam, adamw
  double momentum = 0.0;      ///< sgd: 0 is plain SGD
  bool nesterov = false;      ///< sgd: look-ahead momentum
  double beta1 = 0.9;         ///< adam, adamw
  double beta2 = 0.999;       ///< adam, adamw
  double epsilon = 1e-8;      ///< adam, adamw
  double weight_decay = 0.0;  ///< L2 term added to the gradient (sgd, adam), decoupled decay (adamw)
};

/// What one update depends on besides the numbers themselves.
struct UpdateStep {
  Index step = 1;            ///< 1 for the first update
  double learning_rate = 0;  ///< after schedule and warm-up
  float gradient_scale = 1;  ///< what clipping multiplies the gradient by
  double rate_factor = 1;    ///< of the parameter group
  double decay_factor = 1;   ///< of the parameter group (e.g. 0 for biases when they are not decayed)
};

/// An update rule, element by element: any run of the arena can be updated on its own, so that ranks and workers share the
/// work in any way with the same bits. State (moments) belongs to the caller: `state_names().size()` floats an element.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// E.g. {"momentum"}, {"mean", "variance"}: the groups below /optimizer in a checkpoint. State starts at 0.
  [[nodiscard]] virtual std::vector<std::string> state_names() const = 0;

  /// Updates parameters[i] from gradient[i] and state[k][i], one pass over memory. All runs have the same length.
  virtual void update(const UpdateStep& step, std::span<float> parameters, std::span<const float> gradient,
                      std::span<float* const> state) const = 0;
};

/// Throws Error(usage) for an unknown name (listing the names) or a setting outside its range (naming it).
[[nodiscard]] std::unique_ptr<Optimizer> make_optimizer(const OptimizerSettings& settings);
[[nodiscard]] std::vector<std::string> optimizer_names();

}  // namespace hourglass
