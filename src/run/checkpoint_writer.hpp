#pragma once

#include <memory>
#include <string>
#include <vector>

#include "checkpoint/state_writer.hpp"
#include "run/run_folder.hpp"

namespace hourglass {

/// Writes the checkpoints of a run, synchronously or in the background (`async`): then at most one
/// is being written, and the next waits for it. Old ones are deleted when a new one is complete.
/// All methods are collective unless they are const.
class CheckpointWriter {
 public:
  CheckpointWriter(const Communicator& communicator, const RunFolder& folder, Index keep,
                   bool async)
      : communicator_(communicator), folder_(folder), keep_(keep), async_(async) {}

  /// The run is resumed from this checkpoint.
  void start_from(const std::string& path, Index step);
  /// `kept`: under a second name too, which stays. Throws the same Error(io) on every rank, also
  /// for the one before.
  void write(Index step, const StateHeader& header, std::vector<StoredArena> arenas,
             bool kept = false);
  /// Whether one is being written and this rank can advance it.
  [[nodiscard]] bool ready() const { return writer_ && writer_->ready(); }
  /// Advances it; does not wait if ready() on all ranks.
  void advance();
  /// Completes the checkpoint in progress. Throws Error(io).
  void finish();

  /// Of the last one begun; -1 before the first.
  [[nodiscard]] Index step() const { return step_; }
  /// The last complete one, "" when there is none.
  [[nodiscard]] const std::string& last() const { return last_; }
  /// How long this rank worked on the slowest that was finished since the last call; 0 when there
  /// was none.
  [[nodiscard]] double take_duration();

 private:
  void complete();

  Communicator communicator_;
  const RunFolder& folder_;
  Index keep_;
  bool async_;
  Index step_ = -1;
  std::string last_;
  double duration_ = 0;
  Buffer<float> snapshot_;
  std::string path_;
  bool kept_ = false;
  std::unique_ptr<StateWriter> writer_;  // after what it uses
};

}  // namespace hourglass
