#pragma once

#include <span>
#include <vector>

#include "core/layout.hpp"
#include "hourglass/core/types.hpp"
#include "model/trainable.hpp"
#include "optim/update_settings.hpp"

namespace hourglass {

/// How the settings treat one tensor.
struct TensorGroup {
  Range range;              ///< of the arena, padded
  double rate_factor = 1;   ///< of the learning rate
  double decay_factor = 1;  ///< of the weight decay
  Slot slot = 0;
  bool matrix = false;    ///< a weight, not a bias
  bool factored = false;  ///< TensorRole::factored
};

/// Every tensor of the model that is not frozen as a whole (model/frozen.hpp), in arena order.
[[nodiscard]] std::vector<TensorGroup> tensor_groups(const Trainable& model,
                                                     const UpdateSettings& settings,
                                                     std::span<const Range> frozen = {});

/// A run of owned floats that are updated alike, and where their optimizer state lies.
struct SegmentRun {
  Range range;              ///< of the arena, whole cells
  Index state_offset = 0;   ///< of its first float in an array of the whole segment
  Index moment_offset = 0;  ///< of its first float in each moment; see place_moments()
  double rate_factor = 1;
  double decay_factor = 1;
  Slot slot = 0;  ///< of the only tensor, or the first
  bool matrix = false;
};

/// The runs of each bucket, `owned` being the part of it that a rank owns. The state of the segment
/// holds the owned parts one behind the other. Neighbouring tensors that are treated alike become
/// one run, unless `by_tensor`.
[[nodiscard]] std::vector<std::vector<SegmentRun>> segment_runs(std::span<const TensorGroup> groups,
                                                                std::span<const Range> owned,
                                                                bool by_tensor);

/// Sets the moment_offset of runs by tensor when weight matrices have no moments, and returns the
/// ranges that have. Those of the runs left out have no meaning.
[[nodiscard]] std::vector<Range> place_moments(std::vector<std::vector<SegmentRun>>& buckets);

}  // namespace hourglass
