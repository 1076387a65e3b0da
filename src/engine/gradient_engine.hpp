#pragma once

#include <atomic>
#include <exception>
#include <functional>
#include <memory>
#include <vector>

#include "comm/reducer.hpp"
#include "core/buffer.hpp"
#include "core/phase_recorder.hpp"
#include "core/tree_sum.hpp"
#include "data/sample_source.hpp"
#include "engine/worker_pool.hpp"
#include "math/exact_sum.hpp"
#include "model/trainable.hpp"
#include "nn/layer.hpp"
#include "nn/network.hpp"

namespace hourglass {

/// Computes the gradient sums of a rank's shards and hands them to the reducer bucket by bucket
/// while the backward pass of the last micro-batches is still running.
///
/// Every worker owns contiguous shards (leaves of the tree) and walks through them in order. When a
/// micro-batch's backward pass announces a finished range, the range is added to the sums that it
/// completes (the carry chain of a binary counter), so a worker holds O(log S) arena-sized buffers.
/// The last worker to finish a bucket merges the workers' nodes into the rank's maximal nodes;
/// worker 0 (the main thread) starts the exchange of buckets in order.
class GradientEngine {
 public:
  /// `sum` is the reducer's arena: worker 0's first buffer lies in it, so that a finished sum need
  /// not be copied there.
  GradientEngine(const Trainable& model, const ShardPlan& plan, Range shards, WorkerPool& pool,
                 std::span<float> sum);

  struct StepSums {
    ExactSum loss;
    ExactSum squared_error;
    ExactSum penalty;
    std::exception_ptr failure;  ///< what the data source threw; the step was completed with empty
                                 ///< micro-batches instead
    double input_seconds = 0;    ///< of worker 0
    double compute_seconds = 0;  ///< of worker 0, until its last micro-batch was done
  };

  /// Adds exact sums over all ranks: what a model that wants means over the global batch
  /// (Trainable::mean_units) needs.
  using SumOverRanks = std::function<void(std::span<ExactSum>)>;
  void set_sum_over_ranks(SumOverRanks sum) { sum_over_ranks_ = std::move(sum); }

  /// From now on passes multiply in bfloat16, with weights that are rounded once a step for all
  /// workers.
  void compute_in_bfloat16();

  /// How micro-batches' gradients are added; the reducer's setting.
  void add_for_wire(Wire wire) { wire_ = wire; }

  /// From now on the exchange begins when all is computed, and hides behind nothing: for
  /// measurements. The same bits.
  void exchange_afterwards() { overlaps_ = false; }

  /// Where each worker's time goes; `recorders`, one a worker, outlive the engine.
  void record_phases(std::span<PhaseRecorder> recorders) { recorders_ = recorders; }

  /// One step: all micro-batches of the rank. On return every bucket's reduction has been started.
  void run(const float* parameters, SampleSource& source, std::uint64_t seed, std::uint32_t epoch,
           Index step, Reducer& reducer, StepSums& sums);

  /// Bytes of gradient buffers and workspaces: what the memory prediction counts.
  [[nodiscard]] Index bytes() const;

 private:
  // What happens after a leaf: `parts` (buffers, left to right, the leaf last) become `target` in
  // buffer `destination`.
  struct Merge {
    Range target;
    std::vector<Range> nodes;
    std::vector<Index> buffers;
    Index leaf_buffer = 0;
  };
  struct Worker {
    Range leaves;
    std::vector<Merge> merges;                      // one a leaf
    std::vector<std::pair<Range, Index>> finished;  // nodes and their buffers after the last leaf
    std::vector<float*> buffers;
    std::vector<Buffer<float>> storage;
    Workspace workspace;
    Buffer<Bfloat16> bfloat16_scratch;
    Buffer<float> input;  // one micro-batch, or all of the worker's when they are passed over twice
    std::vector<std::uint64_t> ids;
    std::vector<Index> rows;  // of each micro-batch held
    std::vector<ExactSum> unit_sums;
    StepSums sums;
    Index next_bucket = 0;  // buckets below are finished by this worker in this step
  };
  // A maximal node of the rank and the workers' nodes that make it up.
  struct RankNode {
    Range node;
    std::vector<std::pair<Index, Index>> parts;  // worker, index into its `finished`
  };
  struct Step {
    const float* parameters;
    SampleSource* source;
    PassContext context;
    Index step;
    float scale;
    Reducer* reducer;
  };

  void plan_worker(Worker& worker, std::span<float> first_buffer, Index max_rows);
  void plan_rank(Range shards);
  [[nodiscard]] PhaseRecorder* recorder(Index worker) const {
    return recorders_.empty() ? nullptr : &recorders_[static_cast<std::size_t>(worker)];
  }
  [[nodiscard]] PhaseRecorder* recorder(const Worker& worker) const {
    return recorder(&worker - workers_.data());
  }
  void round_parameters(const float* parameters);
  [[nodiscard]] PassContext context_of(Worker& worker, const Step& step,
                                       std::span<const std::uint64_t> ids) const;
  void gather(Worker& worker, std::size_t leaf, const Step& step);
  void prepare_unit_means(Step& step);
  void work(Index index, const Step& step);
  void merge_leaf(Worker& worker, const Merge& merge, Range range) const;
  void finish_buckets(Worker& worker, Index watermark, const Step& step);
  void merge_workers(const Worker& merging, Range bucket);
  [[nodiscard]] bool has_finished_bucket() const;
  void start_finished_buckets(Reducer& reducer);

  const Trainable& model_;
  const ShardPlan& plan_;
  WorkerPool& pool_;
  std::vector<Worker> workers_;
  std::vector<RankNode> rank_nodes_;
  std::vector<BucketPart> bucket_parts_;
  std::unique_ptr<std::atomic<Index>[]>
      bucket_workers_;  // workers that finished a bucket in this step
  SumOverRanks sum_over_ranks_;
  bool overlaps_ = true;
  std::span<PhaseRecorder> recorders_;
  Buffer<Bfloat16> bfloat16_parameters_;
  Wire wire_ = Wire::fp32;
  std::vector<double> unit_means_;
  Index bucket_count_ = 0;
  Index started_buckets_ = 0;
};

}  // namespace hourglass
