#pragma once

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

#include "core/function_ref.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// The worker threads of a rank. Worker 0 is the calling (main) thread, the only one that calls
/// MPI; the others sleep between calls. A task must not throw: it catches what can fail and leaves
/// the report to the caller of run(). Calls allocate nothing.
class WorkerPool {
 public:
  /// Called with the worker's index.
  using Task = FunctionRef<void(Index)>;

  explicit WorkerPool(Index workers);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  [[nodiscard]] Index size() const { return workers_; }
  /// Calls task(w) for all workers w in 0..size-1 concurrently and returns when all have returned.
  void run(Task task);
  /// Starts task(w) on workers 1..size-1 only; the caller runs its own share and then calls join().
  /// The callable must live until then.
  void start(Task task);
  void join();

 private:
  void serve(Index worker);

  Index workers_;
  std::optional<Task> task_;
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<Index> running_{0};
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
};

}  // namespace hourglass
