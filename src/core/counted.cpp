#include "core/counted.hpp"

namespace hourglass {

std::string counted(Index count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace hourglass
