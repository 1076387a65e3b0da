#include "system/file_lock.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <thread>

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

class FileLockTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  std::string path_ = folder_.file("lock");
};

TEST_F(FileLockTest, one_at_a_time_has_it) {
  std::optional<FileLock> first(std::in_place, path_);
  EXPECT_TRUE(first->held());
  EXPECT_FALSE(FileLock(path_).held());
  first.reset();
  EXPECT_TRUE(FileLock(path_).held());
  EXPECT_TRUE(std::filesystem::exists(path_)) << "the file stays";
}

TEST_F(FileLockTest, patience_waits_for_the_holder) {
  std::optional<FileLock> first(std::in_place, path_);
  std::thread holder([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    first.reset();
  });
  EXPECT_TRUE(FileLock(path_, 30).held());
  holder.join();
}

TEST_F(FileLockTest, impatience_ends) {
  const FileLock first(path_);
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(FileLock(path_, 0.1).held());
  const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - begin;
  EXPECT_GE(waited.count(), 0.1);
}

TEST_F(FileLockTest, a_killed_holder_leaves_none_behind) {
  const pid_t child = fork();
  if (child == 0) {
    const FileLock* const held = new FileLock(path_);
    _exit(held->held() ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(FileLock(path_).held());
}

TEST_F(FileLockTest, a_file_that_cannot_be_made_is_an_error) {
  expect_error(ErrorKind::io, "cannot write", [&] { FileLock(folder_.file("no/such/lock")); });
}

TEST(KernelLock, knows_whether_its_file_still_has_the_name) {
  const TemporaryFolder folder;
  const std::string path = folder.file("x");
  const auto opened = [&] {
    return posix::FileDescriptor(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  };
  const KernelLock lock(opened());
  EXPECT_EQ(lock.state(), KernelLock::State::held);
  EXPECT_TRUE(lock.is_on(path));
  EXPECT_TRUE(KernelLock(opened()).busy());
  std::filesystem::rename(path, folder.file("y"));
  EXPECT_FALSE(lock.is_on(path));
  EXPECT_FALSE(KernelLock(opened()).busy()) << "another file has the name now";
  EXPECT_FALSE(lock.is_on(path));
}

TEST(KernelLock, goes_with_its_descriptor) {
  const TemporaryFolder folder;
  const std::string path = folder.file("x");
  const auto opened = [&] {
    return posix::FileDescriptor(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  };
  int kept = -1;
  {
    KernelLock lock(opened());
    kept = lock.release();
  }
  EXPECT_TRUE(KernelLock(opened()).busy());
  close(kept);
  EXPECT_FALSE(KernelLock(opened()).busy());
}

}  // namespace
}  // namespace hourglass
