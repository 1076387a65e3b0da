#include "system/stuck_launcher.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hourglass {
namespace {

// The signal that ends a process of this name whose child asked for it, or 0 when none does for
// `milliseconds`.
int end_of_parent(const char* name, int milliseconds) {
  const pid_t parent = fork();
  if (parent == 0) {
    prctl(PR_SET_NAME, name);
    const pid_t child = fork();
    if (child == 0) {
      end_launcher_after(0);
      _exit(0);
    }
    usleep(static_cast<useconds_t>(1000 * milliseconds));
    _exit(0);
  }
  int status = 0;
  waitpid(parent, &status, 0);
  return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

TEST(StuckLauncher, ends_those_of_open_mpi) {
  EXPECT_EQ(end_of_parent("mpirun", 60000), SIGKILL);
  EXPECT_EQ(end_of_parent("orted", 60000), SIGKILL);
}

TEST(StuckLauncher, leaves_others_alone) { EXPECT_EQ(end_of_parent("bash", 200), 0); }

}  // namespace
}  // namespace hourglass
