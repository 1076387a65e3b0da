#pragma once

#include <memory>

#include "optim/adam.hpp"
#include "optim/matrix_rule.hpp"
#include "optim/optimizer.hpp"

namespace hourglass {

/// An update rule of whole matrices: p -= rate * (direction + weight decay * p), the direction of a
/// weight matrix being made by a MatrixRule. Tensors that are not matrices are updated by AdamW
/// with --beta1 and --beta2. State: Adam's moments ("mean", "variance"), of matrices only where the
/// rule keeps them there.
class MatrixOptimizer final : public Optimizer {
 public:
  MatrixOptimizer(const OptimizerSettings& settings, std::unique_ptr<MatrixRule> rule);

  [[nodiscard]] std::vector<std::string> state_names() const override {
    return {"mean", "variance"};
  }
  [[nodiscard]] const MatrixRule* matrix_rule() const override { return rule_.get(); }
  /// With UpdateStep::matrix, `gradient` is the direction.
  void update(const UpdateStep& step, std::span<float> parameters, std::span<const float> gradient,
              std::span<float* const> state) const override;

 private:
  double weight_decay_;
  Adam adam_;
  std::unique_ptr<MatrixRule> rule_;
};

}  // namespace hourglass
