#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "checkpoint/state_file.hpp"
#include "core/buffer.hpp"

namespace hourglass {

/// Writes a model or checkpoint file as write_state_file does, in stages: local work of a rank
/// (hashing its values, creating the file, writing its part, renaming) alternates with collective
/// work (adding digests, agreeing). With a snapshot the local work runs on a thread that never
/// calls MPI, while training goes on.
class StateWriter {
 public:
  /// Collective. With `snapshot`, this rank's values are copied to it (it grows when needed) and
  /// the arenas may change at once; it must outlive the writer. Without, they must stay as they are
  /// until finish() has returned.
  StateWriter(const Communicator& communicator, const std::string& path, const StateHeader& header,
              std::vector<StoredArena> arenas, Buffer<float>* snapshot = nullptr);
  /// Waits for the thread, not for other ranks. A file that is not finished leaves nothing behind.
  ~StateWriter();
  StateWriter(const StateWriter&) = delete;
  StateWriter& operator=(const StateWriter&) = delete;

  /// Whether this rank's part of the stage is over. When it is on every rank, all may call
  /// advance() without waiting. Local.
  [[nodiscard]] bool ready() const;
  /// Ends a stage and begins the next; true when the file stands under its name. Collective: waits
  /// for all ranks' parts. Throws the same Error(io) on every rank, after which nothing has changed
  /// and the writer can only be destroyed.
  bool advance();
  /// All stages that are left. Collective; throws as advance() does.
  void finish();
  /// Seconds that this rank has worked on the file so far, copying included.
  [[nodiscard]] double work_seconds() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hourglass
