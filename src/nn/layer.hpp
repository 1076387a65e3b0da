#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/active_rows.hpp"
#include "core/bfloat16.hpp"
#include "core/phase_recorder.hpp"
#include "core/sparse_rows.hpp"
#include "hourglass/core/matrix_view.hpp"
#include "hourglass/core/types.hpp"
#include "nn/initializer.hpp"
#include "nn/parameter_arrival.hpp"
#include "nn/rounded_weights.hpp"

namespace hourglass {

class FactorLayout;
class SparseCode;
class UnitGroup;

/// The terms that a penalty on the encoder's Jacobian adds to a dense layer's backward pass
/// (model/contractive.hpp). All sums run over rows; an empty matrix adds nothing. The arrays are
/// the pass's, which keeps them until backward is done.
struct SecondOrderTerms {
  struct Product {
    ConstMatrix left;   ///< rows x outputs
    ConstMatrix right;  ///< rows x inputs
  };
  ConstMatrix pre_activation;         ///< added to dL/dz (rows x outputs)
  std::span<const Product> products;  ///< left^T right is added to the weight's gradient
  std::span<const ConstMatrix> bias;  ///< column sums are added to the bias's gradient
  /// Row j of the weight, times factor j, is added to the weight's gradient.
  std::span<const float> row_factors;
};

/// Factors of penalty weights in the present update: 1 unless they are warmed up
/// (optim/weight_ramp.hpp).
struct PenaltyFactors {
  double l1 = 1;           ///< of the L1 norms of code and hidden activations
  double variational = 1;  ///< of beta
  double l0 = 1;           ///< of the L0 norm of sparse codes
  Index k = 0;             ///< units of a sparse code that training keeps; 0: as in inference
};

/// What another network makes of the samples of a pass, to be imitated (model/distilled.hpp). One
/// of the matrices is empty.
struct TeacherTargets {
  ConstMatrix codes;    ///< rows x units of the code
  ConstMatrix outputs;  ///< rows x features
  float weight = 0;     ///< w of the loss (1 - w) L + w L_teacher
  /// Scratch of the caller's for `outputs`: rows x the network's outputs each.
  Matrix logits;
  Matrix gradient;
};

/// The inputs of a pass besides parameters and samples. Noise is a function of (seed, epoch, sample
/// id, element) only.
struct PassContext {
  bool training = false;
  std::uint64_t seed = 0;
  std::uint32_t epoch = 0;
  std::span<const std::uint64_t> sample_ids;  ///< of each row: its row in the data set
  std::span<const float> sample_weights;      ///< by row in the data set; empty: all 1
  /// By row in the data set, the categories of a sample, one for each condition of the model: rows
  /// of ConditionBias, -1 where unknown. Empty: all are unknown.
  std::span<const std::int32_t> conditions;
  std::span<const double> unit_means;  ///< Trainable::mean_units() of the global batch
  PenaltyFactors penalty_factors;
  /// The first layers of the network without a trained parameter: the backward pass ends above
  /// them and writes 0 for their gradients.
  Index frozen_layers = 0;
  Index batch_samples = 0;  ///< of the global batch; 0: the micro-batch is all of it
  std::span<const SecondOrderTerms> second_order;  ///< of the first layers; the others have none
  /// The arena, rounded: dense layers multiply in bfloat16. Null: in fp32.
  const Bfloat16* bfloat16_parameters = nullptr;
  /// With bfloat16_parameters, of the rows of a SparseEncoder's weight.
  std::span<const RowRounding> row_rounding;
  /// With bfloat16_parameters: scratch for two matrices of max_rows x the widest layer.
  std::span<Bfloat16> bfloat16_scratch;
  /// Null: nothing is imitated.
  const TeacherTargets* teacher = nullptr;
  /// The samples as sparse rows where the caller has them, before the network's own changes.
  const SparseRows* sparse_samples = nullptr;
  /// The network's input as sparse rows: its first layer, a dense one, multiplies these instead of
  /// x. Null: x.
  const SparseRows* sparse_input = nullptr;
  /// Waits for the parameters of each layer before its forward pass. Null: they are all there.
  ParameterArrival* arrival = nullptr;
  /// The sparse codes of the micro-batch, from the layer that selects them to the one that decodes
  /// them. A network passes its workspace's where the caller has none.
  SparseCode* code = nullptr;
  /// Of models with Trainable::active_rows(): an empty set, to which the pass adds the units whose
  /// rows have a gradient before it announces one. The rows of all units in `gradient` are 0, and
  /// those of others are not written. Null: every row is written.
  ActiveRows* active_rows = nullptr;
  /// The ranks that share the units of the sparse code (nn/unit_group.hpp); a network passes its
  /// workspace's. Null: this rank holds them all.
  UnitGroup* unit_group = nullptr;
  /// Units of a sparse code that have not been used for long, ascending: those that the auxiliary
  /// loss reconstructs with (model/dictionary_pass.hpp).
  std::span<const std::int32_t> dead_units;
  /// Where the rows of `code` are several parts of the same samples, in backward: dL/dy for each
  /// (rows of `code` x outputs of the decoder's first layer), y being what that part is decoded to.
  /// Empty: dy.
  ConstMatrix stacked_gradient;
  /// Where backward leaves the sums of the weights' Kronecker factors over the micro-batch
  /// (nn/kronecker_factors.hpp). Null: they are not wanted in this pass.
  const FactorLayout* factors = nullptr;
  float* factor_sums = nullptr;       ///< with `factors`: their arena
  PhaseRecorder* recorder = nullptr;  ///< receives the time of each layer, unless null
};

/// A layer. It owns neither parameters (it holds slots of the arena) nor activations (they live in
/// a workspace), so that all workers share one network. Passes are const and may run concurrently
/// on different workspaces.
class Layer {
 public:
  virtual ~Layer() = default;

  [[nodiscard]] virtual Index inputs() const = 0;
  [[nodiscard]] virtual Index outputs() const = 0;
  /// The layer's tensors, in arena order (weights first), and their initial values.
  [[nodiscard]] virtual std::vector<TensorRole> roles() const { return {}; }
  /// Whether its output goes to the next layer in PassContext::code: gradients of it are not dense.
  [[nodiscard]] virtual bool gives_sparse_code() const { return false; }
  /// Floats of scratch memory per row that forward fills and backward reads (e.g. saved
  /// derivatives).
  [[nodiscard]] virtual Index scratch_per_row() const { return 0; }
  /// Floats of scratch memory for any number of rows, behind the part of the rows of a pass.
  [[nodiscard]] virtual Index fixed_scratch() const { return 0; }

  /// FLOP of one row's forward GEMM; backward has twice as many.
  [[nodiscard]] virtual double flops_per_row() const { return 0; }

  /// y (rows x outputs) from x (rows x inputs). `parameters` is the whole arena.
  virtual void forward(const float* parameters, ConstMatrix x, Matrix y, std::span<float> scratch,
                       const PassContext& context) const = 0;

  /// From dy = dL/dy (overwritten freely) to dx = dL/dx (not computed when dx is empty) and to
  /// dL/dparameters, which is written (not added) to the layer's tensors in `gradient` (the whole
  /// arena; padding untouched). Where two layers share a tensor (tied weights), the one whose
  /// backward pass comes first writes and the other, in whose roles() it is, adds.
  virtual void backward(const float* parameters, ConstMatrix x, ConstMatrix y, Matrix dy, Matrix dx,
                        float* gradient, std::span<float> scratch,
                        const PassContext& context) const = 0;

  /// After backward(), of layers with TensorRole::factored: writes their sums over the micro-batch
  /// to context.factor_sums. `dz` is what backward left in dy, dL/dz before the activation.
  virtual void sum_factors(ConstMatrix /*x*/, ConstMatrix /*dz*/, std::span<float> /*scratch*/,
                           const PassContext& /*context*/) const {}
};

}  // namespace hourglass
