#pragma once

#include <string>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// A count with its noun, for messages: "1 rank", "2 ranks", "0 ranks".
[[nodiscard]] std::string counted(Index count, const char* noun);

}  // namespace hourglass
