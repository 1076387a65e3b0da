#include "hourglass/nn/autoencoder.hpp"

#include <algorithm>

#include "architecture.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

Autoencoder::Autoencoder(const AutoencoderSpec& spec)
    : spec_(completed(spec)),
      network_(build_network(spec_, layout_)),
      code_layer_(static_cast<Index>(spec_.encoder.size()) - 2) {}

std::vector<TensorRole> Autoencoder::roles() const {
  std::vector<TensorRole> roles;
  for (Index i = 0; i < network_.layer_count(); ++i) {
    for (const TensorRole& role : network_.layer(i).roles()) roles.push_back(role);
  }
  return roles;
}

double Autoencoder::flops_per_sample() const {
  double flops = 0;
  for (Index i = 0; i < network_.layer_count(); ++i) {
    const double weights = static_cast<double>(network_.layer(i).inputs()) * static_cast<double>(network_.layer(i).outputs());
    // Forward, weight gradient and, but for the first layer, input gradient: two operations a weight each.
    flops += weights * (i == 0 ? 4 : 6);
  }
  return flops;
}

LossSums Autoencoder::train_pass(const float* parameters, ConstMatrix samples, float scale, Workspace& workspace,
                                 float* gradient, const PassContext& context, const GradientReady& ready) const {
  return train_pass(parameters, samples, samples, scale, workspace, gradient, context, ready);
}

LossSums Autoencoder::train_pass(const float* parameters, ConstMatrix input, ConstMatrix target, float scale,
                                 Workspace& workspace, float* gradient, const PassContext& context,
                                 const GradientReady& ready) const {
  require(input.rows == target.rows && input.columns == target.columns, "an input and a target of different shapes");
  if (input.rows == 0) {
    std::fill_n(gradient, layout_.size(), 0.0F);
    if (ready) ready({0, layout_.size()});
    return {};
  }
  const Range all{0, network_.layer_count()};
  network_.forward(all, parameters, input, workspace, context);
  const Index last = all.end - 1;
  const LossSums sums = loss_and_gradient(spec_.loss, spec_.output_activation, spec_.feature_mean, scale, target,
                                          workspace.output(last, input.rows), workspace.output_gradient(last, input.rows));
  network_.backward(all, parameters, input, workspace, {}, gradient, context, ready);
  return sums;
}

ConstMatrix Autoencoder::encode(const float* parameters, ConstMatrix x, Workspace& workspace) const {
  return network_.forward({0, code_layer_ + 1}, parameters, x, workspace, {});
}

ConstMatrix Autoencoder::reconstruct(const float* parameters, ConstMatrix x, Workspace& workspace) const {
  return decode(parameters, encode(parameters, x, workspace), workspace);
}

ConstMatrix Autoencoder::decode(const float* parameters, ConstMatrix codes, Workspace& workspace) const {
  network_.forward({code_layer_ + 1, network_.layer_count()}, parameters, codes, workspace, {});
  const Matrix logits = workspace.output(network_.layer_count() - 1, codes.rows);
  activation_forward(spec_.output_activation, {}, logits, {});
  return logits;
}

LossSums Autoencoder::evaluate(const float* parameters, ConstMatrix x, Workspace& workspace) const {
  const Range all{0, network_.layer_count()};
  network_.forward(all, parameters, x, workspace, {});
  return loss_and_gradient(spec_.loss, spec_.output_activation, spec_.feature_mean, 1.0F, x,
                           workspace.output(all.end - 1, x.rows), {});
}

}  // namespace hourglass
