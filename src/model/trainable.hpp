#pragma once

#include <span>
#include <vector>

#include "core/active_rows.hpp"
#include "core/layout.hpp"
#include "hourglass/core/matrix_view.hpp"
#include "math/exact_sum.hpp"
#include "model/unit_use.hpp"
#include "nn/loss.hpp"
#include "nn/network.hpp"
#include "nn/rounded_weights.hpp"

namespace hourglass {

/// A model that the gradient engine trains: parameters in an arena, and a pass from samples to sums
/// of gradients. Immutable and shared by all workers; a pass keeps its data in a workspace. Passes
/// do not depend on ranks, threads or shards.
class Trainable {
 public:
  virtual ~Trainable() = default;

  [[nodiscard]] virtual const Layout& layout() const = 0;
  /// Every tensor once, in arena order.
  [[nodiscard]] virtual std::vector<TensorRole> roles() const = 0;
  /// D, the columns of the samples that are inputs.
  [[nodiscard]] virtual Index features() const = 0;
  /// Columns of the samples in training and evaluation: D unless targets stand behind the inputs.
  [[nodiscard]] virtual Index sample_width() const { return features(); }
  /// Columns that the loss compares.
  [[nodiscard]] virtual Index outputs() const { return features(); }
  /// Inputs of the first layer: D unless the model adds some.
  [[nodiscard]] virtual Index input_width() const { return features(); }
  [[nodiscard]] virtual Workspace make_workspace(Index max_rows) const = 0;

  /// The training pass of a micro-batch `samples` (rows x sample_width()). Writes scale * d(sum of
  /// the samples' losses)/dparameters to every tensor in `gradient` (padding untouched), announcing
  /// finished ranges tail first, and returns the loss sums. A micro-batch of 0 rows writes zeros.
  virtual LossSums train_pass(const float* parameters, ConstMatrix samples, float scale,
                              Workspace& workspace, float* gradient, const PassContext& context,
                              const GradientReady& ready) const = 0;
  /// The loss sums of a micro-batch without noise and without gradients.
  virtual LossSums evaluate(const float* parameters, ConstMatrix samples,
                            Workspace& workspace) const = 0;
  /// The same, each sample's part times its weight. Only of models that are trained with weights.
  virtual LossSums evaluate_weighted(const float* parameters, ConstMatrix samples,
                                     std::span<const float> weights, Workspace& workspace) const;

  /// Whether train_pass waits for parameters that are still arriving (PassContext::arrival) before
  /// it reads them, and constrain() does nothing. Otherwise they are complete before a pass begins.
  [[nodiscard]] virtual bool awaits_parameters() const { return false; }

  /// Variational models: the layer of the workspace whose output, in training and evaluation, is
  /// the posterior (mu, ln sigma^2), and the number of its units that are the code's, which come
  /// first; -1 and 0 of others.
  [[nodiscard]] virtual Index posterior_layer() const { return -1; }
  [[nodiscard]] virtual Index posterior_units() const { return 0; }

  /// Models with a sparse code whose use is counted: its units; 0 of others.
  [[nodiscard]] virtual Index counted_units() const { return 0; }
  /// Adds the use of units by the micro-batch of `rows` samples whose pass with this context the
  /// workspace holds. Only of models with counted units.
  virtual void count_use(const PassContext& context, Workspace& workspace, Index rows,
                         UnitUse& use) const;

  /// Projects the parameters onto their constraints, after initialisation and after every update.
  /// The same function of all parameters on every rank. `frozen` parts of the arena
  /// (Frozen::ranges) stay as they are.
  virtual void constrain(float* parameters, std::span<const Range> frozen) const;

  /// The tensors with a row for each unit of a sparse code, whose gradient is 0 where no sample
  /// uses the unit (PassContext::active_rows). No units: the gradient is dense.
  [[nodiscard]] virtual ActiveRows active_rows() const { return {}; }

  /// What passes in bfloat16 multiply with: everything, unless the model leaves something out.
  [[nodiscard]] virtual RoundedPart rounded_part() const { return {{{0, layout().size()}}}; }

  /// Whether the active units of sparse codes are selected from the whole global batch: then,
  /// before the training pass, select_candidates() of all micro-batches and keep_largest()
  /// (nn/batch_selection.hpp) of batch_count() of them; the codes go into the training pass.
  [[nodiscard]] virtual bool selects_from_batch() const { return false; }
  /// Lists in context.code what may be among the active units of the batch.
  virtual void select_candidates(const float* parameters, ConstMatrix samples, Workspace& workspace,
                                 const PassContext& context) const;
  /// Active units of the global batch.
  [[nodiscard]] virtual Index batch_count(const PassContext& context) const;
  /// After an update: the smallest active value of its batch. The same on every rank.
  virtual void follow_selection(float smallest, float* parameters) const;

  /// The number of units whose means over the global batch the training pass needs in
  /// PassContext::unit_means.
  [[nodiscard]] virtual Index mean_units() const { return 0; }
  /// Adds the units' activations of a micro-batch to `sums` (mean_units() of them), in a pass
  /// before the training pass.
  virtual void add_unit_sums(const float* parameters, ConstMatrix samples, Workspace& workspace,
                             const PassContext& context, std::span<ExactSum> sums) const;
};

}  // namespace hourglass
