#include "model/stacked.hpp"

namespace hourglass {

Stacked::Stacked(const Network& network, Range below, const float* parameters,
                 std::unique_ptr<Trainable> model)
    : network_(network), below_(below), below_parameters_(parameters), model_(std::move(model)) {}

Index Stacked::features() const {
  return below_.empty() ? model_->features() : network_.layer(below_.begin).inputs();
}

Workspace Stacked::make_workspace(Index max_rows) const {
  Workspace workspace(max_rows, 0);
  workspace.add_part(model_->make_workspace(max_rows));
  if (!below_.empty()) workspace.add_part(network_.make_workspace(max_rows));
  return workspace;
}

ConstMatrix Stacked::pass_below(ConstMatrix samples, Workspace& workspace) const {
  if (below_.empty() || samples.rows == 0) return {samples.data, samples.rows, model_->features()};
  return network_.forward(below_, below_parameters_, samples, workspace.part(1), {});
}

LossSums Stacked::train_pass(const float* parameters, ConstMatrix samples, float scale,
                             Workspace& workspace, float* gradient, const PassContext& context,
                             const GradientReady& ready) const {
  return model_->train_pass(parameters, pass_below(samples, workspace), scale, workspace.part(0),
                            gradient, context, ready);
}

LossSums Stacked::evaluate(const float* parameters, ConstMatrix samples,
                           Workspace& workspace) const {
  return model_->evaluate(parameters, pass_below(samples, workspace), workspace.part(0));
}

void Stacked::add_unit_sums(const float* parameters, ConstMatrix samples, Workspace& workspace,
                            const PassContext& context, std::span<ExactSum> sums) const {
  model_->add_unit_sums(parameters, pass_below(samples, workspace), workspace.part(0), context,
                        sums);
}

}  // namespace hourglass
