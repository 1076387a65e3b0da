#include "system/child_process.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "support/expect_error.hpp"
#include "support/file_bytes.hpp"
#include "support/temporary_folder.hpp"
#include "system/file_lock.hpp"
#include "system/stop_signal.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;
using io_test::read_bytes;

class ChildProcessTest : public testing::Test {
 protected:
  [[nodiscard]] ChildExit run(const std::vector<std::string>& words) const {
    return run_child(words, log_, lock_.descriptor());
  }
  [[nodiscard]] static std::vector<std::string> shell(const std::string& script) {
    return {"sh", "-c", script};
  }

  TemporaryFolder folder_;
  std::string log_ = folder_.file("log");
  FileLock lock_{folder_.file("lock")};
  // A signal of another test would stop every child at once.
  StopSignal signals_;
};

TEST_F(ChildProcessTest, appends_all_output_to_the_log_and_tells_the_code) {
  EXPECT_EQ(run(shell("echo out; echo err >&2; exit 7")).code, 7);
  EXPECT_EQ(run(shell("cat; echo again")).code, 0) << "its input is empty";
  EXPECT_EQ(read_bytes(log_), "out\nerr\nagain\n");
}

TEST_F(ChildProcessTest, passes_words_without_a_shell_in_between) {
  EXPECT_EQ(run({"printf", "%s|", "a b", "$HOME", "*"}).code, 0);
  EXPECT_EQ(read_bytes(log_), "a b|$HOME|*|");
}

TEST_F(ChildProcessTest, a_signal_that_ended_it_is_128_and_its_number) {
  EXPECT_EQ(run(shell("kill -KILL $$")).code, 128 + SIGKILL);
}

TEST_F(ChildProcessTest, a_program_that_is_not_there_is_an_error) {
  expect_error(ErrorKind::io, "cannot start no-such-program",
               [&] { static_cast<void>(run({"no-such-program"})); });
  expect_error(ErrorKind::io, "cannot start /", [&] { static_cast<void>(run({"/"})); });
}

TEST_F(ChildProcessTest, a_stop_signal_goes_on_to_it_once) {
  std::thread sender([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    std::raise(SIGTERM);
  });
  const ChildExit end =
      run(shell("trap 'echo stopping; exit 75' USR1; while :; do sleep 0.05; done"));
  sender.join();
  EXPECT_TRUE(end.stopped);
  EXPECT_EQ(end.code, 75);
  EXPECT_EQ(read_bytes(log_), "stopping\n");
}

TEST_F(ChildProcessTest, a_child_that_outlives_its_parent_keeps_the_lock) {
  // The grandchild has the descriptor while the child is gone.
  const std::string done = folder_.file("done");
  {
    const FileLock lock(folder_.file("other"));
    static_cast<void>(
        run_child(shell("(sleep 0.5; echo > " + done + ") &"), log_, lock.descriptor()));
  }
  if (!std::filesystem::exists(done)) {
    EXPECT_FALSE(FileLock(folder_.file("other")).held());
  }
  EXPECT_TRUE(FileLock(folder_.file("other"), 10).held());
}

TEST_F(ChildProcessTest, a_jobs_lines_come_whole_as_they_are_written) {
  std::vector<std::string> lines;
  const int code =
      run_job(shell("printf 'one\\ntw'; sleep 0.1; printf 'o\\nnot a line'; exit 3"),
              lock_.descriptor(), [&](const std::string& line) { lines.push_back(line); });
  EXPECT_EQ(code, 3);
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two"}));
}

TEST(KindOfFailure, is_the_programs_own_or_a_lost_rank) {
  EXPECT_EQ(kind_of_failure(64), ErrorKind::usage);
  EXPECT_EQ(kind_of_failure(69), ErrorKind::rank);
  EXPECT_EQ(kind_of_failure(70), ErrorKind::bug);
  EXPECT_EQ(kind_of_failure(76), ErrorKind::diverged);
  EXPECT_EQ(kind_of_failure(not_started), ErrorKind::io);
  for (const int code : {1, 128 + SIGKILL, 213}) EXPECT_EQ(kind_of_failure(code), ErrorKind::rank);
}

TEST(RefuseLauncher, knows_when_it_was_started_by_one) {
  EXPECT_NO_THROW(refuse_launcher("sweep"));
  setenv("PMIX_RANK", "0", 1);
  expect_error(ErrorKind::usage, "hourglass sweep --help", [] { refuse_launcher("sweep"); });
  unsetenv("PMIX_RANK");
}

TEST(OwnPath, is_this_program) {
  EXPECT_NE(own_path().find("system_test"), std::string::npos) << own_path();
  EXPECT_TRUE(std::filesystem::exists(own_path()));
}

}  // namespace
}  // namespace hourglass
