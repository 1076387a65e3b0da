#include "engine/worker_pool.hpp"

namespace hourglass {

WorkerPool::WorkerPool(Index workers) : workers_(workers) {
  for (Index worker = 1; worker < workers; ++worker) {
    threads_.emplace_back([this, worker] { serve(worker); });
  }
}

WorkerPool::~WorkerPool() {
  stopping_ = true;
  ++generation_;
  generation_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::start(Task task) {
  if (workers_ == 1) return;
  task_ = task;
  running_ = workers_ - 1;
  ++generation_;
  generation_.notify_all();
}

void WorkerPool::join() {
  for (Index left = running_; left != 0; left = running_) running_.wait(left);
}

void WorkerPool::run(Task task) {
  start(task);
  task(0);
  join();
}

void WorkerPool::serve(Index worker) {
  std::uint64_t seen = 0;
  while (true) {
    generation_.wait(seen);
    seen = generation_;
    if (stopping_) return;
    (*task_)(worker);
    if (--running_ == 0) running_.notify_all();
  }
}

}  // namespace hourglass
