#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hourglass/core/types.hpp"
#include "math/exact_sum.hpp"
#include "optim/precondition_settings.hpp"
#include "optim/quadratic_model.hpp"

namespace hourglass {

class MatrixRule;

/// The settings of all optimizers. Each uses and checks those whose comment names it and ignores
/// the others.
struct OptimizerSettings {
  /// sgd, adam, adamw, nadam, adagrad, rmsprop, adadelta, lars, lamb, muon, shampoo, soap,
  /// kfac, lbfgs
  std::string name = "adam";
  double momentum = 0.0;  ///< sgd, rmsprop, lars, muon, shampoo, soap, kfac: 0 is none
  bool nesterov = false;  ///< sgd: look-ahead momentum
  /// sgd: constant, or sutskever: min(1 - 2^(-1 - log2(floor(t / 250) + 1)), momentum)
  std::string momentum_schedule = "constant";
  double initial_momentum = 0.5;  ///< sgd: limit in the first steps (Hinton 2010)
  Index initial_momentum_steps = 0;
  double beta1 = 0.9;     ///< adam, adamw, nadam, lamb; muon, shampoo, soap, kfac (biases)
  double beta2 = 0.999;   ///< the same, rmsprop, adadelta
  double epsilon = 1e-8;  ///< the same and adagrad
  bool centered = false;  ///< rmsprop: variance about the running mean
  /// L2 term added to the gradient; decoupled decay in adamw, lamb, muon, shampoo, soap, and kfac
  /// but for its quadratic momentum
  double weight_decay = 0.0;
  double trust_coefficient = 1e-3;  ///< lars
  std::string precision = "fp32";   ///< of products of matrices: fp32, bf16
  PreconditionSettings precondition;
};

/// L-BFGS is not an element-wise update rule (optim/lbfgs.hpp): make_optimizer() does not know it.
inline constexpr const char* lbfgs_name = "lbfgs";

/// The scalars of one update.
struct UpdateStep {
  Index step = 1;            ///< 1 for the first update
  double learning_rate = 0;  ///< after schedule and warm-up
  float gradient_scale = 1;  ///< factor of the gradient, from clipping
  double rate_factor = 1;    ///< of the parameter group
  double decay_factor = 1;   ///< of the parameter group (e.g. 0 for biases without decay)
  bool matrix = false;       ///< matrix-wise rule: the gradient is the direction of a MatrixRule
  ModelState model = {};     ///< of rules with MatrixRule::has_model()
};

/// Exact sums of squares over one tensor: the same for every division of the tensor.
struct TensorNorms {
  ExactSum parameters;
  ExactSum direction;
};

/// An element-wise update rule: any run of the arena can be updated on its own, so that ranks and
/// workers can share the work in any way with the same bits. The state (moments) belongs to the
/// caller: `state_names().size()` floats per element.
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// E.g. {"momentum"}, {"mean", "variance"}: the groups below /optimizer in a checkpoint. All
  /// state starts at 0.
  [[nodiscard]] virtual std::vector<std::string> state_names() const = 0;

  /// Whether the rule scales the step of each tensor by a ratio of norms. Then a step is: advance()
  /// on every run of a tensor; then update() with UpdateStep::rate_factor multiplied by
  /// trust_ratio() of the norms over the whole tensor (1 for biases).
  [[nodiscard]] virtual bool layer_wise() const { return false; }
  virtual void advance(const UpdateStep& step, std::span<const float> parameters,
                       std::span<const float> gradient, std::span<float* const> state,
                       TensorNorms& norms) const;
  [[nodiscard]] virtual double trust_ratio(const UpdateStep& step, double parameter_norm,
                                           double direction_norm) const;

  /// The part of the rule that works on whole weight matrices, or null. Other tensors are updated
  /// element by element.
  [[nodiscard]] virtual const MatrixRule* matrix_rule() const { return nullptr; }

  /// Updates parameters[i] from gradient[i] and state[k][i] in one pass over memory. All runs have
  /// the same length.
  virtual void update(const UpdateStep& step, std::span<float> parameters,
                      std::span<const float> gradient, std::span<float* const> state) const = 0;
};

/// Throws Error(usage) for an unknown name (listing the names) or a setting outside its range
/// (naming it).
[[nodiscard]] std::unique_ptr<Optimizer> make_optimizer(const OptimizerSettings& settings);
[[nodiscard]] std::vector<std::string> optimizer_names();

}  // namespace hourglass
