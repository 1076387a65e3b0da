#include "engine/parameter_gather.hpp"

#include "core/activity.hpp"
#include "core/timer.hpp"

namespace hourglass {

ParameterGather::ParameterGather(Reducer& reducer, const Recording* recording)
    : reducer_(reducer), recording_(recording) {}

void ParameterGather::start() {
  const auto count = static_cast<Index>(reducer_.buckets().size());
  for (Index bucket = count - 1; bucket >= 0; --bucket) reducer_.start_gather(bucket);
  next_.store(count, std::memory_order_release);
  publish();
}

void ParameterGather::publish() {
  Index next = next_.load(std::memory_order_relaxed);
  if (next == 0 || !reducer_.is_gathered(next - 1)) return;
  while (next > 0 && reducer_.is_gathered(next - 1)) --next;
  next_.store(next, std::memory_order_release);
}

void ParameterGather::finish() {
  if (!is_pending()) return;
  const PhaseSpan span(recorder_of(recording_, 0), Phase::exchange);
  const activity::Waiting waiting;
  const Timer timer;
  while (is_pending()) {
    reducer_.wait_gather(next_.load(std::memory_order_relaxed) - 1);
    publish();
  }
  waited_seconds_ += timer.seconds();
}

void ParameterGather::wait_for(Range arena) {
  if (!is_pending() || arena.empty()) return;
  const std::span<const Range> buckets = reducer_.buckets();
  // The bucket that holds the range's end: those before it in the arena arrive earlier, and so have
  // higher numbers.
  Index last = 0;
  while (buckets[static_cast<std::size_t>(last)].begin >= arena.end) ++last;
  if (std::this_thread::get_id() != main_thread_) {
    while (next_.load(std::memory_order_acquire) > last) std::this_thread::yield();
    return;
  }
  const PhaseSpan span(recorder_of(recording_, 0), Phase::exchange);
  const Timer timer;
  reducer_.progress();
  publish();
  while (next_.load(std::memory_order_relaxed) > last) {
    const activity::Waiting waiting;
    reducer_.wait_gather(next_.load(std::memory_order_relaxed) - 1);
    publish();
  }
  waited_seconds_ += timer.seconds();
}

}  // namespace hourglass
