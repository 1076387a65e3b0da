#pragma once

#include <cstdint>
#include <string>

namespace hourglass {

/// The name of this host.
[[nodiscard]] std::string host_name();

/// The start of a process of this host, in clock ticks since boot; -1 when there is no such
/// process. Process numbers are reused; number and start together identify a process until the next
/// boot.
[[nodiscard]] std::int64_t process_start(std::int64_t process);

/// Seconds since this process was started, on a monotonic clock: includes the start of MPI, which
/// takes long on many nodes.
[[nodiscard]] double process_age();

}  // namespace hourglass
