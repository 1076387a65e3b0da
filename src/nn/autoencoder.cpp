#include "hourglass/nn/autoencoder.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "hourglass/core/error.hpp"
#include "hourglass/nn/dense.hpp"

namespace hourglass {

namespace {

void check(bool valid, const std::string& message) {
  if (!valid) throw Error(ErrorKind::usage, message);
}

AutoencoderSpec completed(AutoencoderSpec spec) {
  check(spec.encoder.size() >= 2,
        fmt::format("--layers {} has no layer: name at least the input width and the code width, e.g. 784,30",
                    fmt::join(spec.encoder, ",")));
  if (spec.decoder.empty()) spec.decoder.assign(spec.encoder.rbegin(), spec.encoder.rend());
  for (const Index width : spec.encoder) check(width >= 1, fmt::format("--layers: a width must be at least 1, not {}", width));
  for (const Index width : spec.decoder) {
    check(width >= 1, fmt::format("--decoder-layers: a width must be at least 1, not {}", width));
  }
  check(spec.decoder.size() >= 2 && spec.decoder.front() == spec.encoder.back(),
        fmt::format("--decoder-layers {} must begin with the code width of --layers, {}", fmt::join(spec.decoder, ","),
                    spec.encoder.back()));
  check(spec.decoder.back() == spec.encoder.front(),
        fmt::format("--decoder-layers {} must end with the input width of --layers, {}", fmt::join(spec.decoder, ","),
                    spec.encoder.front()));
  check_loss(spec.loss, spec.output_activation);
  return spec;
}

// The last layer gives logits: its activation is the loss's business, which fuses the two.
Network build(const AutoencoderSpec& spec, Layout& layout) {
  std::vector<std::unique_ptr<Layer>> layers;
  const auto add = [&](const char* part, const std::vector<Index>& widths, Activation last) {
    for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
      const Activation activation = i + 2 == widths.size() ? last : spec.activation;
      layers.push_back(std::make_unique<Dense>(layout, fmt::format("{}/{}", part, i), widths[i], widths[i + 1], activation));
    }
  };
  add("encoder", spec.encoder, spec.code_activation);
  add("decoder", spec.decoder, Activation::linear);
  return {std::move(layers), layout};
}

}  // namespace

Autoencoder::Autoencoder(const AutoencoderSpec& spec)
    : spec_(completed(spec)), network_(build(spec_, layout_)), code_layer_(static_cast<Index>(spec_.encoder.size()) - 2) {}

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
