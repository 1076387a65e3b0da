#pragma once

#include <cstdint>
#include <string_view>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// What a process is doing, in the words of a training run.
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

/// The last thing that the main thread of this process said about itself. A process has one main
/// thread that talks to MPI, so there is one of these in it, as there is one of its signals; it is
/// written by that thread and read by a watchdog. Saying something costs two atomic operations.
namespace activity {

struct Snapshot {
  Work phase = Work::starting;
  std::int64_t step = 0;    ///< updates made so far
  bool waiting = false;     ///< for other ranks, not working itself
  std::uint64_t ticks = 0;  ///< how often anything was said: progress
};

/// A new phase begins.
void enter(Work phase);
/// A new step begins.
void enter_step(Index step);
/// Work goes on within a phase.
void tick();
[[nodiscard]] Snapshot now();

/// While it lives, the main thread waits for other ranks. May be nested.
class Waiting {
 public:
  Waiting();
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
};

}  // namespace activity

}  // namespace hourglass
