#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace hourglass {

/// Who holds the lock of a folder (system/run_lock.hpp): one line of text, so that people can read
/// it too.
struct LockHolder {
  std::string host;
  std::string boot;  ///< the host's boot: process numbers of another one mean nothing
  std::int64_t process = 0;
  std::int64_t started = -1;  ///< ticks since boot: process numbers are reused
  std::uint64_t counter = 0;  ///< grows for as long as the holder lives

  [[nodiscard]] bool same_process(const LockHolder& other) const {
    return host == other.host && boot == other.boot && process == other.process &&
           started == other.started;
  }
  /// "process 17 on node3"
  [[nodiscard]] std::string name() const;
};

/// This process, with the counter 0.
[[nodiscard]] LockHolder this_lock_holder();

/// The line, with its end.
[[nodiscard]] std::string to_text(const LockHolder& holder);

/// None when the file is empty, cannot be read, or holds another text.
[[nodiscard]] std::optional<LockHolder> read_lock_holder(int descriptor);

/// Whether a holder is a living process of the machine that `here` is of.
[[nodiscard]] bool runs_here(const LockHolder& holder, const LockHolder& here);

}  // namespace hourglass
