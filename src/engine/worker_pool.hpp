#pragma once

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// The worker threads of a rank. Worker 0 is the calling (main) thread, the only one that talks to
/// MPI; the others sleep between calls. A task must not throw: what can fail is caught inside and
/// reported by the caller of run().
class WorkerPool {
 public:
  explicit WorkerPool(Index workers);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  [[nodiscard]] Index size() const { return workers_; }
  /// Calls task(w) for every worker w in 0..size-1 at once and returns when all have returned.
  void run(const std::function<void(Index)>& task);
  /// Starts task(w) on workers 1..size-1 only; the caller does its own share and then calls join().
  void start(const std::function<void(Index)>& task);
  void join();

 private:
  void serve(Index worker);

  Index workers_;
  const std::function<void(Index)>* task_ = nullptr;
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<Index> running_{0};
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
};

}  // namespace hourglass
