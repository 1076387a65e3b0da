#include "cli/sweep_workers.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>

namespace hourglass {
namespace {

TEST(SweepWorkers, all_of_them_work_and_one_works_in_the_callers_thread) {
  std::atomic<int> calls = 0;
  run_workers(3, [&](const std::stop_token&) { ++calls; });
  EXPECT_EQ(calls, 3);
  const auto caller = std::this_thread::get_id();
  run_workers(1, [&](const std::stop_token&) { EXPECT_EQ(std::this_thread::get_id(), caller); });
}

TEST(SweepWorkers, an_exception_ends_the_others_and_comes_out) {
  std::atomic<bool> first = true;
  const auto work = [&](const std::stop_token& token) {
    if (first.exchange(false)) throw std::runtime_error("one of them");
    while (!token.stop_requested()) std::this_thread::yield();
  };
  EXPECT_THROW(run_workers(3, work), std::runtime_error);
}

}  // namespace
}  // namespace hourglass
