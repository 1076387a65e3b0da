#pragma once

#include <cstdint>
#include <exception>
#include <span>
#include <vector>

#include "core/active_rows.hpp"
#include "core/bfloat16.hpp"
#include "core/buffer.hpp"
#include "core/function_ref.hpp"
#include "core/sparse_rows.hpp"
#include "core/tree_sum.hpp"
#include "data/sample_source.hpp"
#include "engine/dictionary_shards.hpp"
#include "engine/gradient_plan.hpp"
#include "engine/recording.hpp"
#include "math/exact_sum.hpp"
#include "model/trainable.hpp"
#include "model/unit_divergences.hpp"
#include "nn/batch_selection.hpp"
#include "nn/layer.hpp"
#include "nn/network.hpp"

namespace hourglass {

/// One step as all workers of a rank see it.
struct GradientStep {
  const float* parameters = nullptr;
  SampleSource* source = nullptr;
  PassContext context;    ///< without what is a worker's own
  Index step = 0;         ///< of the epoch
  float scale = 1;        ///< of gradients: 1 / samples of the step
  bool repeated = false;  ///< all micro-batches are held from the pass before
};

/// The results of a step besides gradients.
struct StepSums {
  ExactSum loss;
  ExactSum squared_error;
  ExactSum penalty;
  UnitDivergences unit_divergences;  ///< of variational models; empty of others
  UnitUse unit_use;                  ///< of models with a sparse code; empty of others
  std::exception_ptr failure;  ///< thrown by the data source; the step was completed with empty
                               ///< micro-batches instead
  Index root_failures = 0;     ///< of the update before, see MatrixRule::transform()
  double input_seconds = 0;
  double compute_seconds = 0;  ///< until the last micro-batch was finished, without the input

  void clear();
  /// Adds what was computed from other samples; of two failures the first stays.
  void add(const StepSums& other);
};

/// Calls add(part) for the parts of `range` with a gradient in `rows`, or for all of it where that
/// is null, and records the time as that of adding so many terms.
void add_active_parts(const ActiveRows* rows, Range range, std::size_t terms,
                      PhaseRecorder* recorder, FunctionRef<void(Range part)> add);

/// Executes one worker's part of a GradientPlan: gathers its micro-batches, runs their training
/// passes and adds their gradients. Allocates only on construction.
class GradientWorker {
 public:
  struct Settings {
    Index index = 0;
    Wire wire = Wire::fp32;  ///< how gradients are added
    bool bfloat16 = false;   ///< whether passes multiply in bfloat16
    const Recording* recording = nullptr;
    std::span<const Range> frozen;  ///< see model/frozen.hpp
    std::size_t most_terms = 1;     ///< of an addition, see GradientPlan::most_terms
    /// The worker's first buffer, an arena of the caller's; empty: one of its own.
    std::span<float> first_buffer;
    ActiveRows active_rows = {};  ///< Trainable::active_rows(), unless gradients are dense
    const DictionaryShards* shards = nullptr;  ///< see GradientExchangeSettings::shards
    bool keeps_batch = false;  ///< holds all micro-batches of a step, for repeat_losses()
    /// Of the Kronecker factors' arenas, one beside each buffer; 0: none.
    Index factor_floats = 0;
    std::span<float> first_factor_buffer;  ///< as first_buffer
  };
  /// Called when the sums of this worker are final from float `watermark` of the arena on, in the
  /// micro-batches before the last only as far as they go.
  using Announcement = FunctionRef<void(Index watermark, bool last_micro_batch)>;

  /// `model`, `shards` and `plan` outlive the worker.
  GradientWorker(const Trainable& model, const ShardPlan& shards, const GradientPlan::Worker& plan,
                 const Settings& settings);

  void begin_step();
  /// The pass before the training pass of models that want means over the global batch: gathers
  /// all micro-batches, which stay for run(), and sums the units' activations.
  void add_unit_sums(const GradientStep& step);
  /// The same of models that select the units of their codes from the global batch: lists the
  /// candidates of all micro-batches. What keep_largest() leaves of them stays for run().
  void select_candidates(const GradientStep& step);
  /// Those of its micro-batches.
  [[nodiscard]] std::span<const BatchPart> candidates() const { return candidates_; }
  [[nodiscard]] std::span<ExactSum> unit_sums() { return unit_sums_; }
  /// All micro-batches, in order.
  void run(const GradientStep& step, Announcement announce);

  /// After run() of a step with keeps_batch: the losses of its micro-batches with the parameters
  /// that are there now, in another training pass, of which no gradient is kept.
  void repeat_losses(const GradientStep& step);
  [[nodiscard]] const ExactSum& repeated_loss() const { return repeated_loss_; }

  [[nodiscard]] const StepSums& sums() const { return sums_; }
  [[nodiscard]] float* buffer(Index index) { return buffers_[static_cast<std::size_t>(index)]; }
  /// The sums of Kronecker factors beside it, of steps that have them.
  [[nodiscard]] float* factor_buffer(Index index) {
    return factor_buffers_[static_cast<std::size_t>(index)];
  }
  /// Of models with sparse gradients: the units whose rows in a buffer are not 0; else null. Those
  /// of a sum are known before a range of it is announced.
  [[nodiscard]] ActiveRows* active_rows(Index buffer) {
    return active_rows_.empty() ? nullptr : &active_rows_[static_cast<std::size_t>(buffer)];
  }
  /// Memory for a union of such units on this worker's thread.
  [[nodiscard]] ActiveRows& united_rows() { return united_rows_; }
  /// Memory for the terms of an addition on this worker's thread.
  [[nodiscard]] std::span<PartialSum> terms() { return terms_; }
  [[nodiscard]] PhaseRecorder* recorder() const {
    return recorder_of(settings_.recording, settings_.index);
  }
  [[nodiscard]] Index bytes() const;

 private:
  // Where the micro-batch of a leaf lies: all leaves' are held, or one at a time.
  struct MicroBatch {
    Matrix samples;
    std::span<std::uint64_t> ids;
    SparseRows sparse;  // the samples again, where the source holds them so
    SparseCode* code = nullptr;
  };
  [[nodiscard]] bool gathers_first() const { return !unit_sums_.empty() || !codes_.empty(); }
  [[nodiscard]] bool holds_all() const { return settings_.keeps_batch || gathers_first(); }
  [[nodiscard]] MicroBatch micro_batch(std::size_t leaf);
  // Refers to the micro-batch.
  [[nodiscard]] PassContext context_of(const GradientStep& step, const MicroBatch& batch);
  void gather(std::size_t leaf, const GradientStep& step);
  void unite_rows(const GradientPlan::Merge& merge);
  void merge(const GradientPlan::Merge& merge, Range range);
  void merge_factors(const GradientPlan::Merge& merge, Index rows);

  const Trainable& model_;
  const ShardPlan& shards_;
  const GradientPlan::Worker& plan_;
  Settings settings_;
  std::vector<Buffer<float>> storage_;
  std::vector<Buffer<float>> factor_storage_;
  std::vector<float*> buffers_;          // arenas
  std::vector<float*> factor_buffers_;   // of Kronecker factors, beside each
  std::vector<ActiveRows> active_rows_;  // of each buffer; none of dense gradients
  ActiveRows united_rows_;
  Workspace workspace_;
  Buffer<Bfloat16> bfloat16_scratch_;
  Buffer<float> input_;
  std::vector<SparseBatch> sparse_;  // of each micro-batch held; grow with the data
  std::vector<std::uint64_t> ids_;
  std::vector<Index> rows_;  // of each micro-batch held
  std::vector<PartialSum> terms_;
  std::vector<ExactSum> unit_sums_;
  std::vector<SparseCode> codes_;  // of each micro-batch, when they are selected from the batch
  std::vector<BatchPart> candidates_;
  StepSums sums_;
  ExactSum repeated_loss_;
};

}  // namespace hourglass
