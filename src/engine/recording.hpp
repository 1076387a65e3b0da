#pragma once

#include <span>

#include "core/phase_recorder.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// Where the workers of a rank record their phases; nowhere until start() is called. Its owner
/// hands it to all parts of a step, because a profile begins when a run does, after they were made.
class Recording {
 public:
  /// `recorders`: one per worker, which outlive the recording.
  void start(std::span<PhaseRecorder> recorders) { recorders_ = recorders; }
  /// The recorder of a worker (0: the main thread); null when nothing is recorded.
  [[nodiscard]] PhaseRecorder* of(Index worker) const {
    return recorders_.empty() ? nullptr : &recorders_[static_cast<std::size_t>(worker)];
  }

 private:
  std::span<PhaseRecorder> recorders_;
};

/// The recorder of a worker in a recording that may be missing.
[[nodiscard]] inline PhaseRecorder* recorder_of(const Recording* recording, Index worker) {
  return recording == nullptr ? nullptr : recording->of(worker);
}

}  // namespace hourglass
