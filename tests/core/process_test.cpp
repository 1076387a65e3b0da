#include "core/process.hpp"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

namespace hourglass {
namespace {

TEST(HostName, is_the_kernels) {
  std::array<char, 256> expected{};
  ASSERT_EQ(gethostname(expected.data(), expected.size() - 1), 0);
  EXPECT_EQ(host_name(), expected.data());
}

TEST(ProcessStart, of_this_process_is_constant_and_after_its_parents) {
  const auto start = process_start(getpid());
  EXPECT_GT(start, 0);
  EXPECT_EQ(process_start(getpid()), start);
  if (const auto parent = process_start(getppid()); parent >= 0) {
    EXPECT_LE(parent, start);
  }
}

TEST(ProcessStart, does_not_depend_on_the_programs_name) {
  const auto start = process_start(getpid());
  std::array<char, 16> name{};
  prctl(PR_GET_NAME, name.data());
  for (const char* const odd : {"a b", ") 1 2 3", "((", ""}) {
    prctl(PR_SET_NAME, odd);
    EXPECT_EQ(process_start(getpid()), start) << odd;
  }
  prctl(PR_SET_NAME, name.data());
}

TEST(ProcessStart, of_no_process_is_negative) {
  // Beyond the kernel's largest process number.
  EXPECT_EQ(process_start((std::int64_t{1} << 22) + 1), -1);
  EXPECT_EQ(process_start(-1), -1);
}

TEST(ProcessAge, grows_with_the_clock) {
  const double before = process_age();
  EXPECT_GE(before, 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const double after = process_age();
  EXPECT_GE(after - before, 0.019);
  EXPECT_LT(after, 3600);
}

}  // namespace
}  // namespace hourglass
