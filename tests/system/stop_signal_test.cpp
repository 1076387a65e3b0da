#include "system/stop_signal.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

TEST(StopSignal, names_are_read_with_and_without_their_prefix) {
  EXPECT_EQ(stop_signals_from("USR1"), (std::vector{SIGUSR1}));
  EXPECT_EQ(stop_signals_from("SIGUSR2,HUP"), (std::vector{SIGUSR2, SIGHUP}));
  EXPECT_TRUE(stop_signals_from("").empty());
}

TEST(StopSignal, refuses_signals_that_cannot_stop_a_run) {
  for (const char* names : {"KILL", "SEGV", "USR3", "usr1", "USR1;USR2", "9"}) {
    EXPECT_THROW(static_cast<void>(stop_signals_from(names)), Error) << names;
  }
}

TEST(StopSignal, only_sets_a_flag_and_gives_the_handlers_back) {
  std::signal(SIGUSR2, SIG_IGN);
  {
    const StopSignal signals({SIGUSR1, SIGUSR2, SIGUSR2});
    EXPECT_EQ(StopSignal::received(), 0);
    for (const int number : {SIGTERM, SIGUSR1, SIGUSR2, SIGINT}) {
      std::raise(number);
      EXPECT_EQ(StopSignal::received(), number);
    }
  }
  EXPECT_EQ(std::signal(SIGUSR2, SIG_DFL), SIG_IGN);
  const StopSignal next(std::vector<int>{});
  EXPECT_EQ(StopSignal::received(), 0);
}

TEST(StopSignalDeathTest, a_second_interrupt_ends_the_process_whatever_came_between) {
  const auto interrupted_twice = [] {
    const StopSignal signals({SIGUSR1});
    std::raise(SIGINT);
    std::raise(SIGUSR1);
    std::raise(SIGTERM);
    std::raise(SIGINT);
  };
  EXPECT_EXIT(interrupted_twice(), testing::ExitedWithCode(130), "");
}

}  // namespace
}  // namespace hourglass
