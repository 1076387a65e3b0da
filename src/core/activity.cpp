#include "core/activity.hpp"

#include <array>
#include <atomic>

namespace hourglass {

namespace {

constexpr std::array<std::string_view, 9> names = {"starting",
                                                   "reading training data",
                                                   "computing gradients",
                                                   "exchanging gradients and parameters",
                                                   "updating parameters",
                                                   "evaluating validation data",
                                                   "writing a checkpoint",
                                                   "writing metrics",
                                                   "ending"};

std::atomic<int> current_phase{0};
std::atomic<std::int64_t> current_step{0};
std::atomic<int> waits{0};
std::atomic<std::uint64_t> tick_count{0};

}  // namespace

std::string_view name_of(Work phase) { return names[static_cast<std::size_t>(phase)]; }

namespace activity {

void enter(Work phase) {
  current_phase.store(static_cast<int>(phase), std::memory_order_relaxed);
  tick();
}

void enter_step(Index step) {
  current_step.store(step, std::memory_order_relaxed);
  tick();
}

void tick() { tick_count.fetch_add(1, std::memory_order_relaxed); }

Snapshot now() {
  return {static_cast<Work>(current_phase.load(std::memory_order_relaxed)),
          current_step.load(std::memory_order_relaxed), waits.load(std::memory_order_relaxed) > 0,
          tick_count.load(std::memory_order_relaxed)};
}

Waiting::Waiting() { waits.fetch_add(1, std::memory_order_relaxed); }

Waiting::~Waiting() {
  waits.fetch_sub(1, std::memory_order_relaxed);
  tick();
}

}  // namespace activity

}  // namespace hourglass
