#include "system/stop_signal.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

#include "core/edit_distance.hpp"
#include "core/text_list.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// Signals that have no other use here and do not indicate a crash.
constexpr std::array known = {
    std::pair{"USR1", SIGUSR1}, std::pair{"USR2", SIGUSR2},     std::pair{"INT", SIGINT},
    std::pair{"TERM", SIGTERM}, std::pair{"HUP", SIGHUP},       std::pair{"ALRM", SIGALRM},
    std::pair{"XCPU", SIGXCPU}, std::pair{"VTALRM", SIGVTALRM}, std::pair{"PWR", SIGPWR}};

volatile std::sig_atomic_t received_signal = 0;
volatile std::sig_atomic_t interrupts = 0;
volatile std::sig_atomic_t early_signal = 0;
int nested = 0;

extern "C" void handle_stop_signal(int number) {
  if (number == SIGINT) {
    if (interrupts != 0) _exit(128 + SIGINT);
    interrupts = 1;
  }
  received_signal = number;
}

extern "C" void remember_signal(int number) { early_signal = number; }

}  // namespace

std::vector<int> stop_signals_from(const std::string& names) {
  std::vector<int> numbers;
  for (const std::string& name : split_list(names)) {
    const std::string bare = name.starts_with("SIG") ? name.substr(3) : name;
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const auto& entry) { return bare == entry.first; });
    if (found == known.end()) {
      std::vector<std::string> candidates;
      for (const auto& entry : known) candidates.emplace_back(entry.first);
      throw Error(ErrorKind::usage, "--stop-signal: '" + name +
                                        "' is not a signal that can stop a run" +
                                        suggestion(bare, candidates) + "; use e.g. USR1,USR2");
    }
    numbers.push_back(found->second);
  }
  return numbers;
}

struct StopSignal::Former {
  std::vector<std::pair<int, struct sigaction>> handlers;
};

StopSignal::StopSignal(const std::vector<int>& signals) : former_(std::make_unique<Former>()) {
  if (nested++ == 0) {
    received_signal = early_signal;
    early_signal = 0;
    interrupts = 0;
  }
  struct sigaction action {};
  action.sa_handler = handle_stop_signal;
  // Reads and writes in progress go on: the flag is only looked at between steps.
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  std::vector<int> all = {SIGINT, SIGTERM};
  all.insert(all.end(), signals.begin(), signals.end());
  for (const int number : all) {
    struct sigaction before {};
    if (sigaction(number, &action, &before) == 0) former_->handlers.emplace_back(number, before);
  }
}

StopSignal::~StopSignal() {
  --nested;
  // Backwards: a signal named twice gets its first handler back.
  const auto& handlers = former_->handlers;
  for (auto entry = handlers.rbegin(); entry != handlers.rend(); ++entry)
    sigaction(entry->first, &entry->second, nullptr);
}

void StopSignal::remember(int number) {
  struct sigaction action {};
  action.sa_handler = remember_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, nullptr);
}

int StopSignal::received() { return received_signal; }

}  // namespace hourglass
