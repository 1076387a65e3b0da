#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "comm/reducer.hpp"
#include "core/buffer.hpp"
#include "data/sample_source.hpp"
#include "engine/gradient_exchange.hpp"
#include "engine/gradient_plan.hpp"
#include "engine/gradient_worker.hpp"
#include "engine/recording.hpp"
#include "engine/worker_pool.hpp"
#include "model/frozen.hpp"
#include "model/trainable.hpp"
#include "nn/rounded_weights.hpp"

namespace hourglass {

struct GradientEngineSettings {
  /// Passes multiply in bfloat16, with weights that are rounded once per step for all workers.
  bool bfloat16 = false;
  /// Buckets are exchanged while the backward pass goes on. Otherwise the exchange begins when all
  /// is computed, for measurements; the bits are the same.
  bool overlap = true;
  const Recording* recording = nullptr;  ///< outlives the engine
  Frozen frozen = {};                    ///< parameters whose gradient is 0
  bool keeps_batch = false;  ///< a step's samples are held until the next, for repeat_losses()
};

/// Executes a GradientPlan: the workers compute the gradient sums of the rank's shards, and the
/// main thread starts the exchange of each bucket while the backward pass of the last micro-batches
/// is still running.
///
/// When a backward pass announces a final range, its worker adds the range to the sums that the
/// micro-batch completes. The last worker to finish a bucket adds the workers' sums to those of the
/// rank. Worker 0 starts buckets in order.
class GradientEngine {
 public:
  /// `shards`: this rank's. Worker 0 makes its first sum in the exchange's arena. All references
  /// outlive the engine.
  GradientEngine(const Trainable& model, const ShardPlan& plan, Range shards, WorkerPool& pool,
                 GradientExchange& exchange, const GradientEngineSettings& settings = {});

  /// One step: all micro-batches of the rank. On return the exchange of every bucket has been
  /// started. The sums are this rank's, the times worker 0's; they stay until the next step.
  StepSums& run(const float* parameters, SampleSource& source, std::uint64_t seed,
                std::uint32_t epoch, Index step, const PenaltyFactors& factors = {},
                std::span<const std::int32_t> dead_units = {});

  /// To be called between two steps by whoever has written to the exchange's arena.
  void forget_gradient();
  /// With keeps_batch, after the update: this rank's sum of the losses of the same samples, with
  /// the same noise, at the parameters as they are now. Of the gradient nothing is left. Collective
  /// where the model wants means over the batch.
  [[nodiscard]] ExactSum& repeat_losses();

  /// The smallest value of the active units of the last step's batch, of models that select from it
  /// (Trainable::selects_from_batch), the same on every rank.
  [[nodiscard]] float smallest_selected() const { return smallest_selected_; }

  /// Bytes of gradient buffers and workspaces, for the memory prediction.
  [[nodiscard]] Index bytes() const;

 private:
  [[nodiscard]] GradientWorker& worker(Index index) {
    return *workers_[static_cast<std::size_t>(index)];
  }
  [[nodiscard]] Index worker_count() const { return static_cast<Index>(workers_.size()); }
  [[nodiscard]] Index bucket_count() const {
    return static_cast<Index>(exchange_.buckets().size());
  }
  void round_parameters(const float* parameters);
  void compute_unit_means(GradientStep& step);
  void select_from_batch(const GradientStep& step);
  void work(Index index, const GradientStep& step);
  void finish_buckets(Index index, Index watermark);
  void merge_workers(GradientWorker& merging, Range bucket);
  void merge_factors();
  [[nodiscard]] bool has_finished_bucket() const;
  void start_finished_buckets();
  void collect_sums();
  // Of sparse gradients: the units of the rank's node; those of the sums after all additions; and
  // whether all ranks' are known.
  void add_rows(const GradientPlan::RankNode& node, ActiveRows& rows);
  void note_merged_rows();
  [[nodiscard]] bool knows_active_rows();

  const Trainable& model_;
  const ShardPlan& shards_;
  WorkerPool& pool_;
  GradientExchange& exchange_;
  GradientEngineSettings settings_;
  GradientPlan plan_;
  std::vector<std::unique_ptr<GradientWorker>> workers_;
  std::vector<Index> next_buckets_;  // by worker: buckets below are finished by it in this step
  // By bucket: workers that have finished it in this step, plus one when their sums are added.
  std::unique_ptr<std::atomic<Index>[]> finished_by_;
  Index started_buckets_ = 0;
  std::vector<BucketPart> bucket_parts_;  // reused
  ActiveRows own_rows_;                   // of sparse gradients: all units of this rank
  bool unites_rows_ = false;              // whether they are known in this step
  RoundedWeights rounded_;                // with bfloat16
  std::vector<double> unit_means_;
  std::vector<BatchPart> candidates_;  // reused
  float smallest_selected_ = 0;
  std::vector<std::int64_t> words_;  // scratch of sums over ranks
  StepSums sums_;
  GradientStep last_step_;  // to be repeated
  ExactSum repeated_loss_;
};

}  // namespace hourglass
