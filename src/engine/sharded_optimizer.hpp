#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "core/buffer.hpp"
#include "engine/gradient_exchange.hpp"
#include "engine/increment_rounding.hpp"
#include "engine/matrix_directions.hpp"
#include "engine/recording.hpp"
#include "engine/segment_runs.hpp"
#include "engine/trust_ratios.hpp"
#include "engine/worker_pool.hpp"
#include "model/trainable.hpp"
#include "optim/optimizer.hpp"
#include "optim/update_settings.hpp"

namespace hourglass {

/// The optimizer on this rank's segment, the part of the arena that it owns: holds the moments of
/// the segment only (1/P of the memory) and updates one bucket at a time, shared among the workers.
/// Allocates on construction only. Where increments are sent it rounds what it adds to the
/// parameters (engine/increment_rounding.hpp). UpdateSettings::sparse: cells of the arena whose
/// gradient is 0 are not touched, whatever the division into ranks.
class ShardedOptimizer {
 public:
  /// Updates the parameters of `exchange`. All references outlive this, `recording` may be null.
  /// Parameters in `frozen` (model/frozen.hpp), whose gradient is 0, keep their bits, as does their
  /// average.
  ShardedOptimizer(const Trainable& model, const Optimizer& optimizer, GradientExchange& exchange,
                   WorkerPool& pool, const UpdateSettings& settings,
                   const Recording* recording = nullptr, std::span<const Range> frozen = {});
  ShardedOptimizer(const ShardedOptimizer&) = delete;
  ShardedOptimizer& operator=(const ShardedOptimizer&) = delete;

  /// Whether prepare() must be called between the end of the reduction and the first update.
  [[nodiscard]] bool wants_preparation() const {
    return optimizer_.layer_wise() || optimizer_.matrix_rule() != nullptr;
  }
  /// Trust ratios of whole tensors, or directions of whole matrices. Collective.
  void prepare(const UpdateStep& step);
  /// Updates the owned parameters of a bucket; `gradient` is the arena.
  void update(Index bucket, const UpdateStep& step, std::span<const float> gradient);

  /// MatrixDirections::curvature() of the last step. Collective.
  [[nodiscard]] double curvature(Index step, double damping, std::span<const float> change) {
    return directions_->curvature(step, damping, change);
  }

  /// Sets the moments of these parameters to 0, as far as this rank holds them.
  void clear_moments(Range parameters);

  /// Whether a running average of the parameters is kept; it starts as the parameters at
  /// construction.
  [[nodiscard]] bool averages() const { return settings_.ema > 0; }
  /// The whole average, on every rank. Collective.
  void gather_average(std::span<float> arena) const;

  /// Decompositions of matrices on this rank that needed more damping than set, since the last
  /// call.
  [[nodiscard]] Index take_root_failures() {
    return directions_ ? directions_->take_failures() : 0;
  }

  /// The state as it is written to a checkpoint (GradientExchange::state_group): moments, the
  /// average, then what is kept of matrices.
  [[nodiscard]] std::vector<StoredArena> stored(std::span<const StoredTensor> tensors) const;
  /// The average as it is written to a model file, below /model.
  [[nodiscard]] StoredArena stored_average(std::span<const StoredTensor> tensors) const;
  /// Reads this rank's part of the state and returns its bytes. Throws the same Error on every
  /// rank, as read_arena_ranges() does. Collective.
  Index load(const StateFile& file);
  /// Bytes of the state.
  [[nodiscard]] Index bytes() const;

 private:
  [[nodiscard]] bool has_moments(const SegmentRun& run) const {
    const MatrixRule* const rule = optimizer_.matrix_rule();
    return rule == nullptr || rule->keeps_moments() || !run.matrix;
  }
  [[nodiscard]] std::span<float* const> moments_of(const SegmentRun& run);
  [[nodiscard]] UpdateStep step_of(const SegmentRun& run, const UpdateStep& step) const;
  void update_part(const SegmentRun& run, const UpdateStep& step, Range cells, Index worker,
                   std::span<const float> gradient);
  void update_floats(const UpdateStep& step, std::size_t begin, std::size_t size,
                     Index state_offset, std::span<const float> gradient,
                     std::span<float*> moments);
  void update_rounded(const UpdateStep& step, Index begin, Index state_offset,
                      std::span<float> parameters, std::span<const float> gradient,
                      std::span<float*> moments);
  void update_average(Index step, const SegmentRun& run);
  void hold(std::span<const Range> frozen);
  void restore(Index begin, std::span<float> parameters) const;
  void restore_average(const SegmentRun& run);

  const Optimizer& optimizer_;
  GradientExchange& exchange_;
  WorkerPool& pool_;
  UpdateSettings settings_;
  const Recording* recording_;
  std::vector<TensorGroup> groups_;
  std::vector<std::vector<SegmentRun>> runs_;  // by bucket
  std::unique_ptr<TrustRatios> ratios_;
  std::unique_ptr<MatrixDirections> directions_;
  IncrementRounding rounding_;
  std::vector<std::string> moment_names_;
  std::vector<Range> moment_ranges_;    // of the arena: those that have moments
  std::vector<Buffer<float>> moments_;  // by name
  Buffer<float> average_;               // of the segment, when one is kept
  std::vector<float*> run_moments_;     // of moments_of()
  // Owned frozen floats of tensors that are trained in part.
  struct Held {
    Range range;  // of the arena
    std::vector<float> values;
  };
  std::vector<Held> held_;
};

}  // namespace hourglass
