#include "train/consistency.hpp"

#include <fmt/format.h>
#include <gnu/libc-version.h>

#include <algorithm>
#include <string>

#include "config/settings.hpp"
#include "engine/arithmetic.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/environment.hpp"
#include "hourglass/core/error.hpp"
#include "run/version.hpp"

namespace hourglass {

namespace {

// The C library chooses by these between functions that round differently.
std::string cpu_type() {
#if defined(__x86_64__)
  return fmt::format("{}{}", __builtin_cpu_supports("fma") ? "fma " : "",
                     __builtin_cpu_supports("avx2") ? "avx2" : "");
#else
  return "one kind";
#endif
}

}  // namespace

void check_same_everywhere(const Communicator& communicator, const TrainConfig& config) {
  // All that may change a bit, or make one rank read or write what another does not understand.
  const std::string mine =
      to_text(config) +
      fmt::format("\n[build]\nversion = {}\nblas = {}\nhdf5 = {}\nmpi = {}\nlibc = {}\ncpu = {}\n",
                  version(), arithmetic_description(config.arithmetic), hdf5_version(),
                  Environment::library_version(), gnu_get_libc_version(), cpu_type());
  const auto all = communicator.all_gather(mine);
  for (std::size_t rank = 1; rank < all.size(); ++rank) {
    if (all[rank] == all[0]) continue;
    const auto [root, other] =
        std::mismatch(all[0].begin(), all[0].end(), all[rank].begin(), all[rank].end());
    const auto line_at = [](const std::string& text, std::string::const_iterator at) {
      const auto position = static_cast<std::size_t>(at - text.begin());
      const auto begin = position == 0 ? std::string::npos : text.rfind('\n', position - 1);
      const std::size_t first = begin == std::string::npos ? 0 : begin + 1;
      return text.substr(first, text.find('\n', position) - first);
    };
    throw Error(ErrorKind::usage,
                fmt::format("rank {} was started differently from rank 0: '{}' there and '{}' "
                            "here; start all ranks "
                            "with the same settings on the same kind of node",
                            rank, line_at(all[rank], other), line_at(all[0], root)),
                Reach::everywhere);
  }
}

}  // namespace hourglass
