#pragma once

#include <functional>
#include <stop_token>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// Calls `work` in `count` threads (in this one if it is one) and waits for all. When one of them
/// throws, the token asks the others to end, and the first exception is thrown here.
void run_workers(Index count, const std::function<void(const std::stop_token&)>& work);

/// Says that these trials are run by other processes. Nothing when there are none.
void print_waiting(std::vector<Index> trials);

}  // namespace hourglass
