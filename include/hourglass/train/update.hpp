#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "hourglass/core/buffer.hpp"
#include "hourglass/dist/reducer.hpp"
#include "hourglass/io/state_file.hpp"
#include "hourglass/math/exact_sum.hpp"
#include "hourglass/nn/trainable.hpp"
#include "hourglass/optim/optimizer.hpp"
#include "hourglass/train/worker_pool.hpp"

namespace hourglass {

/// The optimizer on this rank's segment: holds the moments of owned ranges only (1/P of the memory) and updates one bucket at a
/// time, shared among the workers. Element-wise, so neither ranks nor threads nor buckets change a bit.
class SegmentUpdate {
 public:
  SegmentUpdate(const Trainable& model, const Optimizer& optimizer, const Reducer& reducer, WorkerPool& pool,
                bool decay_biases);

  /// Adds the sum of squares of the owned gradient of a bucket; `gradient` is the whole arena.
  void add_sum_of_squares(Index bucket, std::span<const float> gradient, ExactSum& sum) const;
  /// Updates the owned parameters of a bucket; both spans are whole arenas.
  void update(Index bucket, const UpdateStep& step, std::span<float> parameters, std::span<const float> gradient);

  /// The moments as they go into a checkpoint, "/optimizer/<state>", and back from one.
  [[nodiscard]] std::vector<StoredArena> stored(std::span<const StoredTensor> tensors) const;
  void load(const StateFile& file);
  [[nodiscard]] Index bytes() const;

 private:
  // A run of the arena within one tensor, with the decay factor that its kind of tensor gets.
  struct Run {
    Range range;
    Index state_offset = 0;
    double decay_factor = 1;
  };

  const Optimizer& optimizer_;
  WorkerPool& pool_;
  Index arena_size_ = 0;
  std::vector<Range> owned_;            // by bucket
  std::vector<Index> state_offsets_;    // by bucket: where its owned range begins in each state
  std::vector<std::vector<Run>> runs_;  // by bucket
  std::vector<std::string> state_names_;
  std::vector<Buffer<float>> states_;
};

/// The tensors of a layout as a state file names them.
[[nodiscard]] std::vector<StoredTensor> stored_tensors(const Layout& layout);

}  // namespace hourglass
