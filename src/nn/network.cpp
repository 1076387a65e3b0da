#include "nn/network.hpp"

#include <algorithm>

#include "hourglass/core/error.hpp"

namespace hourglass {

Network::Network(std::vector<std::unique_ptr<Layer>> layers, const Layout& layout)
    : layers_(std::move(layers)) {
  require(!layers_.empty(), "a network without layers");
  for (std::size_t i = 1; i < layers_.size(); ++i) {
    require(layers_[i]->inputs() == layers_[i - 1]->outputs(),
            "neighbouring layers of different widths");
  }
  for (const auto& layer : layers_) {
    Range arena;
    for (const TensorRole& role : layer->roles()) {
      const Range tensor = layout.range(role.slot);
      arena = arena.empty()
                  ? tensor
                  : Range{std::min(arena.begin, tensor.begin), std::max(arena.end, tensor.end)};
    }
    arena_ranges_.push_back(arena);
  }
}

Workspace Network::make_workspace(Index max_rows) const { return {*this, max_rows}; }

std::vector<TensorRole> Network::roles() const {
  std::vector<TensorRole> roles;
  for (const auto& layer : layers_) {
    for (const TensorRole& role : layer->roles()) roles.push_back(role);
  }
  return roles;
}

double Network::training_flops_per_row() const {
  double flops = 0;
  for (const auto& layer : layers_) {
    // Forward, weight gradient and, but for the first layer, input gradient. Gradients of a sparse
    // code are no GEMMs.
    const int products = layer->gives_sparse_code() ? 1 : layer == layers_.front() ? 2 : 3;
    flops += products * layer->flops_per_row();
  }
  return flops;
}

ConstMatrix Network::forward(Range range, const float* parameters, ConstMatrix x,
                             Workspace& workspace, const PassContext& context) const {
  require(x.rows <= workspace.max_rows(), "a micro-batch larger than its workspace");
  require(x.columns == layer(range.begin).inputs(), "samples that do not fit the network's input");
  ConstMatrix input = x;
  PassContext layer_context = context;
  if (layer_context.code == nullptr) layer_context.code = &workspace.code();
  layer_context.unit_group = workspace.unit_group();
  for (Index i = range.begin; i < range.end; ++i) {
    if (i > 0) layer_context.sparse_input = nullptr;
    if (context.arrival != nullptr)
      context.arrival->wait_for(arena_ranges_[static_cast<std::size_t>(i)]);
    const Matrix output = workspace.output(i, x.rows);
    const PhaseSpan span(context.recorder, Phase::forward, i,
                         static_cast<double>(x.rows) * layer(i).flops_per_row());
    layer(i).forward(parameters, input, output, workspace.scratch(i, x.rows), layer_context);
    input = output;
  }
  return input;
}

void Network::backward(Range range, const float* parameters, ConstMatrix x, Workspace& workspace,
                       Matrix input_gradient, float* gradient, const PassContext& context,
                       const GradientReady& ready, const OutputGradientHook& hook) const {
  PassContext layer_context = context;
  if (layer_context.code == nullptr) layer_context.code = &workspace.code();
  layer_context.unit_group = workspace.unit_group();
  for (Index i = range.end - 1; i >= range.begin; --i) {
    const bool first = i == range.begin;
    const ConstMatrix input = first ? x : ConstMatrix(workspace.output(i - 1, x.rows));
    const bool frozen = i < context.frozen_layers;
    Matrix dx = first ? input_gradient : workspace.output_gradient(i - 1, x.rows);
    if (i == context.frozen_layers && !first) dx = {};
    const Matrix y = workspace.output(i, x.rows);
    const Matrix dy = workspace.output_gradient(i, x.rows);
    if (hook) {
      // A frozen layer's penalties count in the loss; no gradient comes from above.
      if (frozen) {
        for (Index r = 0; r < dy.rows; ++r) std::ranges::fill(dy.row(r), 0.0F);
      }
      hook(i, y, dy);
    }
    const Range arena = arena_ranges_[static_cast<std::size_t>(i)];
    if (frozen) {
      if (arena.empty()) continue;
      std::fill(gradient + arena.begin, gradient + arena.end, 0.0F);
      if (ready) ready(arena);
      continue;
    }
    const auto place = static_cast<std::size_t>(i);
    layer_context.sparse_input = i == 0 ? context.sparse_input : nullptr;
    layer_context.second_order = {};
    if (place < context.second_order.size())
      layer_context.second_order = context.second_order.subspan(place, 1);
    {
      const double products = layer(i).gives_sparse_code() ? 0 : dx.empty() ? 1 : 2;
      const double flops = static_cast<double>(x.rows) * layer(i).flops_per_row() * products;
      const PhaseSpan span(context.recorder, Phase::backward, i, flops);
      layer(i).backward(parameters, input, y, dy, dx, gradient, workspace.scratch(i, x.rows),
                        layer_context);
    }
    if (ready && !arena.empty()) ready(arena);
    if (context.factors != nullptr)
      layer(i).sum_factors(input, dy, workspace.scratch(i, x.rows), layer_context);
  }
}

Workspace::Workspace(Index max_rows, Index extra) : max_rows_(max_rows), extra_(extra) {}

Workspace::Workspace(const Network& network, Index max_rows, Index extra)
    : Workspace(max_rows, extra) {
  Index outputs = 0;
  Index scratch = 0;
  Index widest = 0;
  for (Index i = 0; i < network.layer_count(); ++i) {
    const Layer& layer = network.layer(i);
    widths_.push_back(layer.outputs());
    scratch_widths_.push_back(layer.scratch_per_row());
    fixed_scratch_.push_back(layer.fixed_scratch());
    output_offsets_.push_back(outputs);
    scratch_offsets_.push_back(scratch);
    outputs += round_up(max_rows * layer.outputs(), cell_floats);
    scratch += round_up(max_rows * layer.scratch_per_row() + layer.fixed_scratch(), cell_floats);
    dense_.push_back(!layer.gives_sparse_code());
    if (dense_.back()) widest = std::max(widest, layer.outputs());
  }
  outputs_ = Buffer<float>(outputs);
  scratch_ = Buffer<float>(scratch);
  for (auto& buffer : gradients_) buffer = Buffer<float>(max_rows * widest);
}

Matrix Workspace::output(Index layer, Index rows) {
  const auto i = static_cast<std::size_t>(layer);
  return {outputs_.data() + output_offsets_[i], rows, widths_[i]};
}

Matrix Workspace::output_gradient(Index layer, Index rows) {
  const auto i = static_cast<std::size_t>(layer);
  if (!dense_[i]) return {};
  // Only a layer's and its predecessor's are alive at once: two buffers alternate.
  return {gradients_[layer % 2].data(), rows, widths_[i]};
}

std::span<float> Workspace::scratch(Index layer, Index rows) {
  const auto i = static_cast<std::size_t>(layer);
  return {scratch_.data() + scratch_offsets_[i],
          static_cast<std::size_t>(rows * scratch_widths_[i] + fixed_scratch_[i])};
}

Index Workspace::bytes() const {
  const Index floats = outputs_.size() + scratch_.size() + gradients_[0].size() +
                       gradients_[1].size() + extra_.size();
  Index bytes = floats * static_cast<Index>(sizeof(float)) + sparse_.bytes() + code_.bytes() +
                spare_code_.bytes();
  for (const Workspace& part : parts_) bytes += part.bytes();
  return bytes;
}

}  // namespace hourglass
