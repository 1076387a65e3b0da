#include "system/fault_injection.hpp"

#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <sstream>
#include <thread>

#include "hourglass/core/error.hpp"

namespace hourglass {

FaultInjection FaultInjection::from_environment(int rank) {
  FaultInjection injection;
  const char* const text = std::getenv("HOURGLASS_FAULT");
  if (text == nullptr || *text == '\0') return injection;
  std::istringstream stream(text);
  std::string kind;
  std::getline(stream, kind, ',');
  long long wanted_rank = 0;
  long long step = 0;
  bool sound = false;
  for (const char* known : {"hang", "kill", "flip", "nan", "slow"}) sound = sound || kind == known;
  for (std::string word; std::getline(stream, word, ',');) {
    const auto equals = word.find('=');
    char* end = nullptr;
    const long long value =
        equals == std::string::npos ? 0 : std::strtoll(word.c_str() + equals + 1, &end, 10);
    sound = sound && end != nullptr && *end == '\0';
    if (word.starts_with("rank=")) {
      wanted_rank = value;
    } else if (word.starts_with("step=")) {
      step = value;
    } else {
      sound = false;
    }
  }
  if (!sound) {
    throw Error(ErrorKind::usage, std::string("HOURGLASS_FAULT is '") + text +
                                      "', but e.g. hang,rank=1,step=5 is expected");
  }
  if (wanted_rank != rank && kind != "nan") return injection;
  injection.kind_ = kind;
  injection.step_ = step;
  return injection;
}

void FaultInjection::before_step(Index step, std::span<float> parameters) const {
  if (step != step_) return;
  if (kind_ == "hang") std::this_thread::sleep_for(std::chrono::hours(24 * 365));
  if (kind_ == "kill") kill(getpid(), SIGKILL);
  if (kind_ == "slow") std::this_thread::sleep_for(std::chrono::seconds(1));
  if (parameters.empty()) return;
  if (kind_ == "nan") parameters.front() = std::numeric_limits<float>::quiet_NaN();
  if (kind_ == "flip") {
    std::uint32_t bits = 0;
    std::memcpy(&bits, parameters.data(), sizeof bits);
    bits ^= 1U << 20U;
    std::memcpy(parameters.data(), &bits, sizeof bits);
  }
}

}  // namespace hourglass
