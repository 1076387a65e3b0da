#pragma once

#include "cli/command.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

/// An error that says "out of memory", with what the user of `command` can do about it: more ranks
/// where there are shards for them, and those of its memory options that are not at their least
/// already. Any other error as it is.
[[nodiscard]] Error with_memory_advice(const Error& error, const Command& command,
                                       const Arguments& arguments, int ranks);

}  // namespace hourglass
