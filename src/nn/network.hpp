#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "core/buffer.hpp"
#include "core/layout.hpp"
#include "core/sparse_rows.hpp"
#include "nn/layer.hpp"
#include "nn/sparse_code.hpp"

namespace hourglass {

/// Called by backward when the gradient of an arena range is final; ranges come tail first and
/// together cover every tensor.
using GradientReady = std::function<void(Range arena)>;

/// Called by backward with layer i, its output y and dL/dy before the layer's own backward pass, so
/// that penalties on activations can add their gradients.
using OutputGradientHook = std::function<void(Index layer, ConstMatrix y, Matrix dy)>;

/// The activations, their gradients and the scratch memory of one worker, allocated once for at
/// most `max_rows` rows.
class Workspace;

/// A chain of layers 0..count-1. Immutable and shared by all workers.
class Network {
 public:
  Network() = default;
  /// `layout` holds the layers' tensors: the arena ranges that become final with each layer's
  /// backward pass.
  Network(std::vector<std::unique_ptr<Layer>> layers, const Layout& layout);

  [[nodiscard]] Index layer_count() const { return static_cast<Index>(layers_.size()); }
  [[nodiscard]] const Layer& layer(Index i) const { return *layers_[static_cast<std::size_t>(i)]; }
  [[nodiscard]] Workspace make_workspace(Index max_rows) const;
  /// Those of all layers.
  [[nodiscard]] std::vector<TensorRole> roles() const;
  /// FLOP of the GEMMs in the forward and backward pass of a row: twice the multiply-adds.
  [[nodiscard]] double training_flops_per_row() const;

  /// Runs layers [range.begin, range.end) on x; the result is workspace.output(range.end - 1). x
  /// must outlive backward. Waits for each layer's parameters where they are still arriving
  /// (PassContext::arrival); all of a network's are there after a pass over all layers.
  ConstMatrix forward(Range range, const float* parameters, ConstMatrix x, Workspace& workspace,
                      const PassContext& context) const;

  /// The reverse pass of the same range after forward; workspace.output_gradient(range.end - 1)
  /// holds dL/dy on entry. dL/dx is computed only when `input_gradient` is not empty.
  void backward(Range range, const float* parameters, ConstMatrix x, Workspace& workspace,
                Matrix input_gradient, float* gradient, const PassContext& context,
                const GradientReady& ready, const OutputGradientHook& hook = {}) const;

 private:
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<Range> arena_ranges_;  // by layer
};

// NOLINTNEXTLINE(bugprone-reserved-identifier): clang-tidy 14 takes the loop of a generated
// assignment for ours
class Workspace {
 public:
  Workspace() = default;
  /// With `extra` further floats for the owner's use.
  Workspace(const Network& network, Index max_rows, Index extra = 0);
  /// Only `extra` floats, for models without a network.
  Workspace(Index max_rows, Index extra);

  [[nodiscard]] Index max_rows() const { return max_rows_; }
  /// Activations of layer i in the current pass (rows x outputs of the layer).
  [[nodiscard]] Matrix output(Index layer, Index rows);
  /// dL/d(output of layer i); empty where the output is a sparse code. Gradients of two
  /// neighbouring layers never share memory.
  [[nodiscard]] Matrix output_gradient(Index layer, Index rows);
  [[nodiscard]] std::span<float> scratch(Index layer, Index rows);
  [[nodiscard]] std::span<float> extra() { return extra_.span(); }
  /// The categories of the rows of a pass without training (PassContext::conditions, by row of the
  /// pass): whoever calls it sets them, and they stay until they are set again.
  void set_conditions(std::span<const std::int32_t> conditions) { conditions_ = conditions; }
  [[nodiscard]] std::span<const std::int32_t> conditions() const { return conditions_; }
  /// For the owner's sparse rows; grows with them.
  [[nodiscard]] SparseBatch& sparse() { return sparse_; }
  /// The sparse codes of the current pass, of networks that have them; grows with them.
  [[nodiscard]] SparseCode& code() { return code_; }
  /// Memory for another sparse code, for the owner's use.
  [[nodiscard]] SparseCode& spare_code() { return spare_code_; }
  /// PassContext::unit_group of all passes with this workspace; it outlives them.
  void set_unit_group(UnitGroup* group) { unit_group_ = group; }
  [[nodiscard]] UnitGroup* unit_group() const { return unit_group_; }
  /// Adds the workspace of a part of the owner.
  void add_part(Workspace part) { parts_.push_back(std::move(part)); }
  [[nodiscard]] Workspace& part(Index i) { return parts_[static_cast<std::size_t>(i)]; }
  /// Outputs of the widest layer whose output is dense.
  [[nodiscard]] Index widest() const {
    return max_rows_ > 0 ? gradients_[0].size() / max_rows_ : 0;
  }
  /// Bytes held, for the memory prediction of a worker.
  [[nodiscard]] Index bytes() const;

 private:
  Index max_rows_ = 0;
  std::vector<Index> widths_;
  std::vector<Index> scratch_widths_;
  std::vector<Index> fixed_scratch_;
  std::vector<Index> output_offsets_;
  std::vector<Index> scratch_offsets_;
  Buffer<float> outputs_;
  Buffer<float> gradients_[2];
  Buffer<float> scratch_;
  Buffer<float> extra_;
  std::span<const std::int32_t> conditions_;
  std::vector<bool> dense_;  // by layer: whether its output has a dense gradient
  SparseBatch sparse_;
  SparseCode code_;
  SparseCode spare_code_;
  UnitGroup* unit_group_ = nullptr;
  std::vector<Workspace> parts_;
};

}  // namespace hourglass
