#include "model/stacked.hpp"

namespace hourglass {

Stacked::Stacked(const Network& network, Range below, const float* parameters,
                 std::unique_ptr<Trainable> model, const MissingInput* missing)
    : network_(network),
      below_(below),
      below_parameters_(parameters),
      model_(std::move(model)),
      missing_(missing) {}

Index Stacked::features() const {
  if (missing_ != nullptr) return missing_->features();
  return below_.empty() ? model_->features() : network_.layer(below_.begin).inputs();
}

Workspace Stacked::make_workspace(Index max_rows) const {
  Workspace workspace(max_rows, missing_ == nullptr ? 0 : missing_->scratch_floats(max_rows));
  workspace.add_part(model_->make_workspace(max_rows));
  if (!below_.empty()) workspace.add_part(network_.make_workspace(max_rows));
  return workspace;
}

ConstMatrix Stacked::pass_below(ConstMatrix samples, Workspace& workspace) const {
  if (below_.empty() || samples.rows == 0) return {samples.data, samples.rows, model_->features()};
  const ConstMatrix input =
      missing_ == nullptr ? samples : missing_->network_input(samples, workspace.extra());
  return network_.forward(below_, below_parameters_, input, workspace.part(1), {});
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
