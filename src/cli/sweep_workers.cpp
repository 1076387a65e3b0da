#include "cli/sweep_workers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <mutex>
#include <thread>

namespace hourglass {

void run_workers(Index count, const std::function<void(const std::stop_token&)>& work) {
  std::stop_source source;
  if (count == 1) return work(source.get_token());
  std::mutex mutex;
  std::exception_ptr first;
  const auto guarded = [&] {
    try {
      work(source.get_token());
    } catch (...) {
      const std::scoped_lock lock(mutex);
      if (!first) first = std::current_exception();
      source.request_stop();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (Index i = 0; i < count; ++i) threads.emplace_back(guarded);
  }
  if (first) std::rethrow_exception(first);
}

void print_waiting(std::vector<Index> trials) {
  if (trials.empty()) return;
  std::ranges::sort(trials);
  for (Index& trial : trials) ++trial;
  fmt::print("waiting for trial{} {:04}, run by another process\n", trials.size() == 1 ? "" : "s",
             fmt::join(trials, ", "));
  std::fflush(stdout);
}

}  // namespace hourglass
