#include "hourglass/train/stop_signal.hpp"

#include <unistd.h>

#include <array>
#include <csignal>

namespace hourglass {

namespace {

constexpr std::array signals = {SIGINT, SIGTERM, SIGUSR1};
volatile std::sig_atomic_t received_signal = 0;
std::array<struct sigaction, signals.size()> former;

extern "C" void handle_stop_signal(int number) {
  if (number == SIGINT && received_signal == SIGINT) _exit(128 + SIGINT);
  received_signal = number;
}

}  // namespace

StopSignal::StopSignal() {
  received_signal = 0;
  struct sigaction action {};
  action.sa_handler = handle_stop_signal;
  // Reads and writes in progress go on: the flag is only looked at between steps.
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &action, &former[i]);
}

StopSignal::~StopSignal() {
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &former[i], nullptr);
}

int StopSignal::received() { return received_signal; }

}  // namespace hourglass
