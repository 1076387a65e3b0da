#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "system/lock_holder.hpp"

namespace hourglass {

/// Whether a run is being written, by the lock of its folder (system/run_lock.hpp), which is read
/// and never taken. A holder on this host is looked up among its processes; one elsewhere is alive
/// for as long as it renews its lock.
class RunActivity {
 public:
  enum class State {
    idle,     ///< no lock: not begun, finished or stopped in good order
    running,  ///< the holder is alive
    killed    ///< the holder has ended without removing its lock
  };

  /// A holder elsewhere that has not renewed its lock for `patience` seconds counts as killed.
  explicit RunActivity(std::string lock_path, double patience = 15);

  [[nodiscard]] State look();

 private:
  using Clock = std::chrono::steady_clock;

  std::string path_;
  std::chrono::duration<double> patience_;
  LockHolder here_;
  std::optional<LockHolder> last_;  // as last seen, elsewhere
  Clock::time_point renewed_;       // when that was first seen
};

}  // namespace hourglass
