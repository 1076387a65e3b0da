#pragma once

#include <cstdint>
#include <string_view>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// The phases of a training process.
enum class Work : int {
  starting,
  reading,        ///< waiting for, or reading, training data
  computing,      ///< passes over the micro-batches of a step
  exchanging,     ///< gradients and parameters
  updating,       ///< the optimizer
  evaluating,     ///< the validation data
  checkpointing,  ///< writing or pruning
  recording,      ///< metrics and progress
  ending,
};

[[nodiscard]] std::string_view name_of(Work phase);

/// The state that the main thread of this process last reported, for a watchdog on another thread.
/// One per process, as there is one main thread that talks to MPI. A report costs two atomic
/// operations.
namespace activity {

struct Snapshot {
  Work phase = Work::starting;
  std::int64_t step = 0;    ///< updates made so far
  bool waiting = false;     ///< for other ranks
  std::uint64_t ticks = 0;  ///< number of reports: grows while there is progress
};

/// Reports a new phase.
void enter(Work phase);
/// Reports a new step.
void enter_step(Index step);
/// Reports progress within a phase.
void tick();
[[nodiscard]] Snapshot now();

/// Reports during its lifetime that the main thread waits for other ranks. May be nested.
class Waiting {
 public:
  Waiting();
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
};

}  // namespace activity

}  // namespace hourglass
