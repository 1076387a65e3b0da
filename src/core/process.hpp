#pragma once

#include <cstdint>
#include <string>

namespace hourglass {

/// The name of this host.
[[nodiscard]] std::string host_name();

/// When a process of this host was started, in clock ticks since boot, or -1 when there is none:
/// with its number, which is used again one day, it names a process for as long as the machine is
/// up.
[[nodiscard]] std::int64_t process_start(std::int64_t process);

/// Seconds since this process was started (not since the program first looked at a clock: starting
/// MPI on many nodes takes its time). Of a clock that nobody can set.
[[nodiscard]] double process_age();

}  // namespace hourglass
