#include "system/run_lock.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/process.hpp"
#include "hourglass/core/error.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

constexpr double short_period = 0.05;

class RunLockTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return folder_.file(".lock"); }
  void write(const std::string& text) const { std::ofstream(path()) << text; }
  [[nodiscard]] std::string content() const {
    std::ifstream stream(path());
    std::string line;
    std::getline(stream, line);
    return line;
  }
  void expect_refused(const std::string& word) const {
    try {
      const RunLock lock(path(), short_period);
      ADD_FAILURE() << "a second run got the folder";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
  }

  TemporaryFolder folder_;
};

TEST_F(RunLockTest, second_run_is_refused_naming_the_first) {
  const RunLock lock(path(), short_period);
  expect_refused("process " + std::to_string(getpid()) + " on " + host_name());
}

TEST_F(RunLockTest, vanishes_with_its_holder) {
  { const RunLock lock(path(), short_period); }
  EXPECT_FALSE(std::filesystem::exists(path()));
  const RunLock again(path(), short_period);
}

TEST_F(RunLockTest, lock_of_a_killed_process_is_taken_over) {
  const pid_t child = fork();
  if (child == 0) {
    const RunLock* const held = new RunLock(path(), short_period);
    _exit(held != nullptr ? 0 : 1);  // as a kill does: nothing is cleaned up
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(std::filesystem::exists(path()));
  const RunLock lock(path(), short_period);
  EXPECT_NE(content().find("process " + std::to_string(getpid())), std::string::npos) << content();
}

TEST_F(RunLockTest, lock_from_before_a_reboot_is_taken_over) {
  write("host " + host_name() + " boot 00000000-dead process 1 started 5 renewed 7\n");
  const RunLock lock(path(), short_period);
  EXPECT_EQ(content().find("dead"), std::string::npos);
}

TEST_F(RunLockTest, dead_lock_of_another_host_is_taken_over) {
  write("host elsewhere boot b process 1 started 5 renewed 7\n");
  const RunLock lock(path(), short_period);
  EXPECT_NE(content().find(host_name()), std::string::npos);
}

// Where file systems do not share the kernel's locks: the file alone tells that its holder lives.
TEST_F(RunLockTest, renewed_lock_of_another_host_is_respected) {
  write("host elsewhere boot b process 77 started 5 renewed 00\n");
  std::atomic<bool> done{false};
  std::thread holder([&] {
    for (int counter = 10; !done; ++counter) {
      const int file = open(path().c_str(), O_WRONLY);
      const std::string text = "host elsewhere boot b process 77 started 5 renewed " +
                               std::to_string(counter % 90 + 10) + "\n";
      static_cast<void>(pwrite(file, text.data(), text.size(), 0) + close(file));
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  expect_refused("process 77 on elsewhere");
  done = true;
  holder.join();
  EXPECT_TRUE(std::filesystem::exists(path())) << "the other's lock stays";
}

TEST_F(RunLockTest, is_renewed) {
  const RunLock lock(path(), short_period);
  const std::string first = content();
  for (int i = 0; i < 200 && content() == first; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_NE(content(), first);
}

TEST_F(RunLockTest, damaged_lock_is_taken_over) {
  for (const char* text : {"", "\n", "host", "host a boot b process x"}) {
    write(text);
    const RunLock lock(path(), short_period);
  }
}

TEST_F(RunLockTest, missing_folder_is_an_error_of_the_system) {
  try {
    const RunLock lock(folder_.file("nowhere/.lock"), short_period);
    ADD_FAILURE() << "a lock without a folder";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io);
  }
}

}  // namespace
}  // namespace hourglass
