#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/bfloat16.hpp"
#include "core/phase_recorder.hpp"
#include "hourglass/core/matrix_view.hpp"
#include "hourglass/core/types.hpp"
#include "nn/initializer.hpp"

namespace hourglass {

/// What a penalty on the encoder's Jacobian adds to one dense layer's backward pass
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
  std::span<const float>
      row_factors;  ///< row j of the weight, times factor j, is added to the weight's gradient
};

/// What a pass may depend on besides parameters and input; noise is a function of (seed, epoch,
/// sample id, element) only.
struct PassContext {
  bool training = false;
  std::uint64_t seed = 0;
  std::uint32_t epoch = 0;
  std::span<const std::uint64_t>
      sample_ids;                      ///< one per row of the micro-batch: its row in the data set
  std::span<const double> unit_means;  ///< Trainable::mean_units() means over the global batch
  std::span<const SecondOrderTerms> second_order;  ///< of the first layers; the others have none
  const Bfloat16* bfloat16_parameters =
      nullptr;  ///< the arena, rounded: dense layers multiply in bfloat16; null: in fp32
  std::span<Bfloat16>
      bfloat16_scratch;  ///< then: room for two matrices of max_rows x the widest layer
  PhaseRecorder* recorder = nullptr;  ///< where time goes; null: nobody asks
};

/// A layer: a thin object that owns no parameters (it holds slots of the arena) and no activations
/// (they live in a workspace), so one network is shared by all workers. Passes are const and may
/// run concurrently on different workspaces.
class Layer {
 public:
  virtual ~Layer() = default;

  [[nodiscard]] virtual Index inputs() const = 0;
  [[nodiscard]] virtual Index outputs() const = 0;
  /// The layer's tensors, in arena order (weights first), and how they start.
  [[nodiscard]] virtual std::vector<TensorRole> roles() const { return {}; }
  /// Floats of scratch memory per row that forward fills and backward reads (e.g. saved
  /// derivatives).
  [[nodiscard]] virtual Index scratch_per_row() const { return 0; }
  /// Floats of scratch memory besides, at its end, whatever the number of rows. Where the rows'
  /// part ends depends on the pass.
  [[nodiscard]] virtual Index fixed_scratch() const { return 0; }

  /// Operations of one row's forward GEMM; backward has twice as many.
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
};

}  // namespace hourglass
