#include "engine/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

namespace hourglass {
namespace {

TEST(WorkerPool, every_worker_runs_every_task_once) {
  for (const Index workers : {1, 2, 3, 8}) {
    WorkerPool pool(workers);
    std::vector<Index> calls(static_cast<std::size_t>(workers), 0);
    for (Index round = 1; round <= 200; ++round) {
      pool.run([&](Index worker) { ++calls[static_cast<std::size_t>(worker)]; });
      for (const Index count : calls) ASSERT_EQ(count, round);
    }
  }
}

TEST(WorkerPool, start_leaves_worker_zero_to_the_caller) {
  WorkerPool pool(3);
  std::atomic<Index> sum{0};
  const std::function<void(Index)> task = [&](Index worker) { sum += worker; };
  pool.start(task);
  pool.join();
  EXPECT_EQ(sum, 3);
}

}  // namespace
}  // namespace hourglass
