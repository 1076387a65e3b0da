#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "comm/reducer.hpp"
#include "core/buffer.hpp"
#include "core/phase_recorder.hpp"
#include "engine/worker_pool.hpp"
#include "hourglass/comm/communicator.hpp"
#include "math/exact_sum.hpp"
#include "model/trainable.hpp"
#include "nn/initializer.hpp"
#include "optim/optimizer.hpp"
#include "optim/update_settings.hpp"

namespace hourglass {

/// The optimizer on this rank's segment: holds the moments of owned ranges only (1/P of the memory)
/// and updates one bucket at a time, shared among the workers. What a rule wants to know of whole
/// tensors comes from exact sums and whole matrices, so that neither ranks nor threads nor buckets
/// change a bit.
class SegmentUpdate {
 public:
  /// `replicated`: every rank owns everything (the allreduce scheme), so that nothing has to be
  /// summed over ranks.
  SegmentUpdate(const Trainable& model, const Optimizer& optimizer, const Reducer& reducer,
                WorkerPool& pool, const UpdateSettings& settings, const Communicator& communicator,
                bool replicated);

  /// Rounds what an update adds to a parameter to bfloat16, adds that, and leaves it in
  /// `increments`, an arena (see Reducer::increments). Nothing happens when it is empty.
  void round_increments(std::span<Bfloat16> increments) { increments_ = increments; }

  /// Where each worker's time goes; `recorders`, one a worker, outlive this.
  void record_phases(std::span<PhaseRecorder> recorders) { recorders_ = recorders; }

  /// Adds the sum of squares of the owned gradient of a bucket; `gradient` is the whole arena.
  void add_sum_of_squares(Index bucket, std::span<const float> gradient, ExactSum& sum) const;
  /// Whether prepare() must be called between the last bucket's reduction and the first update.
  [[nodiscard]] bool wants_preparation() const {
    return optimizer_.layer_wise() || optimizer_.matrix_wise();
  }
  /// Trust ratios, or orthogonalised directions, of whole tensors. Collective.
  void prepare(const UpdateStep& step, std::span<const float> parameters,
               std::span<const float> gradient);
  /// Updates the owned parameters of a bucket; both spans are whole arenas.
  void update(Index bucket, const UpdateStep& step, std::span<float> parameters,
              std::span<const float> gradient);

  /// The running average starts as these parameters.
  void start_average(std::span<const float> parameters);
  [[nodiscard]] bool averages() const { return settings_.ema > 0; }
  /// The whole average, on every rank. Collective.
  void gather_average(std::span<float> arena) const;

  /// The moments as they go into a checkpoint, "/optimizer/<state>", and back from one.
  [[nodiscard]] std::vector<StoredArena> stored(std::span<const StoredTensor> tensors) const;
  /// The average as it goes into a model file, below /model.
  [[nodiscard]] StoredArena stored_average(std::span<const StoredTensor> tensors) const;
  void load(const StateFile& file);
  [[nodiscard]] Index bytes() const;

 private:
  void update_rounded(const UpdateStep& step, Index begin, std::span<float> parameters,
                      std::span<const float> gradient, std::span<float*> state) const;

  // A run of the arena within one tensor (or several that are treated alike), with the factors that
  // its kind of tensor gets.
  struct Run {
    Range range;
    Index state_offset = 0;
    double rate_factor = 1;
    double decay_factor = 1;
    Slot slot = 0;
    bool matrix = false;
  };
  struct Group {
    Range range;
    double rate_factor;
    double decay_factor;
    Slot slot;
    bool matrix;
  };

  [[nodiscard]] std::vector<Group> groups() const;
  void prepare_ratios(const UpdateStep& step, std::span<const float> parameters,
                      std::span<const float> gradient);
  void prepare_directions(const UpdateStep& step, std::span<const float> gradient);
  [[nodiscard]] UpdateStep step_of(const Run& run, const UpdateStep& step) const;
  [[nodiscard]] std::vector<float*> state_of(const Run& run);
  void update_average(Index step, const Run& run, std::span<const float> parameters);

  const Trainable& model_;
  const Optimizer& optimizer_;
  WorkerPool& pool_;
  UpdateSettings settings_;
  Communicator communicator_;
  bool replicated_;
  Index arena_size_ = 0;
  std::vector<Range> owned_;            // by bucket
  std::vector<Index> state_offsets_;    // by bucket: where its owned range begins in each state
  std::vector<std::vector<Run>> runs_;  // by bucket
  std::vector<std::string> state_names_;
  std::vector<Buffer<float>> states_;  // the optimizer's, then the average
  std::span<PhaseRecorder> recorders_;
  std::span<Bfloat16> increments_;
  std::vector<double> ratios_;  // by slot
  Buffer<float> directions_;    // an arena
};

/// What multiplies the weight decay of a tensor.
[[nodiscard]] double decay_factor(const TensorRole& role, const Tensor& tensor,
                                  const UpdateSettings& settings);

}  // namespace hourglass
