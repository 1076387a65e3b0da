#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "core/buffer.hpp"
#include "core/function_ref.hpp"
#include "core/layout.hpp"
#include "engine/band_exchange.hpp"
#include "engine/gradient_exchange.hpp"
#include "engine/matrix_plan.hpp"
#include "engine/recording.hpp"
#include "engine/segment_runs.hpp"
#include "engine/worker_pool.hpp"
#include "optim/matrix_rule.hpp"
#include "optim/optimizer.hpp"

namespace hourglass {

/// The directions of weight matrices under a MatrixRule, owner computes: each block is worked on
/// once, by one worker of one rank (engine/matrix_plan.hpp), which also holds its state. What a
/// block is made from goes to its rank, the direction comes back while others are still computed
/// and the first parameters are updated. Neither ranks, threads nor buckets change a bit. Allocates
/// on construction only.
class MatrixDirections {
 public:
  /// The moments of a run, valid until the next call; empty where the rule keeps none.
  using MomentsOf = FunctionRef<std::span<float* const>(const SegmentRun& run)>;

  /// The references outlive this; `groups` and `runs` are those of the segment, by tensor.
  /// Collective.
  MatrixDirections(const Layout& layout, const MatrixRule& rule, GradientExchange& exchange,
                   WorkerPool& pool, std::span<const TensorGroup> groups,
                   std::span<const std::vector<SegmentRun>> runs, const Recording* recording);

  /// Between the sum of the last bucket and the first update of a step. Collective.
  void compute(const UpdateStep& step, MomentsOf moments_of);
  /// An arena; the direction of the owned run is complete after wait_for(run).
  [[nodiscard]] std::span<const float> arena() const { return directions_.span(); }
  void wait_for(const SegmentRun& run);

  /// Of rules with MatrixRule::has_model(), after compute() of step `step`: the sum over all weight
  /// matrices of x^T C x, x being an arena with a change of the parameters, whole on every rank.
  /// Collective.
  [[nodiscard]] double curvature(Index step, double damping, std::span<const float> change);

  /// Decompositions of this rank that needed more damping, since the last call.
  [[nodiscard]] Index take_failures() { return std::exchange(failures_, 0); }

  /// The blocks' state as it is written to a checkpoint, "/optimizer/<name>"; `tensors` are the
  /// layout's as the file names them.
  [[nodiscard]] std::vector<StoredArena> stored(std::span<const StoredTensor> tensors) const;
  /// Reads this rank's part of it and returns its bytes. Throws the same Error on every rank.
  /// Collective.
  Index load(const StateFile& file);
  /// Bytes of state, directions and the workers' scratch memory.
  [[nodiscard]] Index bytes() const;

 private:
  // One matrix kept of every block, e.g. all left statistics.
  struct State {
    std::string name;
    Layout layout;             // a tensor per block of all ranks
    std::vector<Range> owned;  // of that layout: this rank's blocks
    Buffer<float> values;      // one behind the other
  };
  [[nodiscard]] bool is_own(const MatrixBlock& block) const;
  template <class T>
  [[nodiscard]] MatrixView<T> view(const MatrixBlock& block, T* arena) const;
  void make_states();
  void make_scratch();
  void collect(const UpdateStep& step, MomentsOf moments_of);
  void add_decay(const SegmentRun& run);
  void transform(const UpdateStep& step, Index worker);
  void complete(const ModelState& model);
  void send_finished();
  void wait(std::span<Request> requests);

  const Layout& layout_;
  const MatrixRule& rule_;
  GradientExchange& exchange_;
  WorkerPool& pool_;
  std::span<const std::vector<SegmentRun>> runs_;
  const Recording* recording_;
  MatrixPlan plan_;
  Buffer<float> directions_;  // an arena
  BandExchange bands_;
  std::vector<State> states_;
  std::vector<std::vector<std::size_t>> work_;     // by worker: its blocks, the arena's tail first
  std::vector<std::vector<Matrix>> block_states_;  // by block; empty of other ranks'
  std::vector<Buffer<float>> scratch_;             // by worker
  std::unique_ptr<std::atomic<Index>[]> unfinished_;  // by band: own blocks to do
  std::vector<std::size_t> own_bands_;                // the arena's tail first
  std::size_t sent_ = 0;                              // of own_bands_
  std::vector<double> decays_;                        // by band: of MatrixRule::weight_decay()
  // Of rules that combine: by worker.
  std::vector<ModelSums> sums_;
  std::vector<std::int64_t> words_;  // scratch of sums over ranks
  std::vector<Index> worker_failures_;
  Index failures_ = 0;
};

}  // namespace hourglass
