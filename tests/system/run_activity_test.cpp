#include "system/run_activity.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>

#include "support/temporary_folder.hpp"
#include "system/run_lock.hpp"

namespace hourglass {
namespace {

using State = RunActivity::State;

void write(const std::string& path, const LockHolder& holder) {
  std::ofstream(path) << to_text(holder);
}

TEST(RunActivity, follows_a_lock_of_this_host) {
  const TemporaryFolder folder;
  RunActivity activity(folder.file(".lock"));
  EXPECT_EQ(activity.look(), State::idle);
  {
    const RunLock lock(folder.file(".lock"));
    EXPECT_EQ(activity.look(), State::running);
  }
  EXPECT_EQ(activity.look(), State::idle);
  LockHolder dead = this_lock_holder();
  ++dead.started;  // another process that had this number
  write(folder.file(".lock"), dead);
  EXPECT_EQ(activity.look(), State::killed);
  dead = this_lock_holder();
  dead.boot = "another";
  write(folder.file(".lock"), dead);
  EXPECT_EQ(activity.look(), State::killed);
}

TEST(RunActivity, a_holder_elsewhere_lives_while_it_renews_its_lock) {
  const TemporaryFolder folder;
  LockHolder far = this_lock_holder();
  far.host += "-elsewhere";
  write(folder.file(".lock"), far);
  RunActivity patient(folder.file(".lock"), 1000);
  EXPECT_EQ(patient.look(), State::running);
  EXPECT_EQ(patient.look(), State::running);
  RunActivity impatient(folder.file(".lock"), 0);
  EXPECT_EQ(impatient.look(), State::killed);
  ++far.counter;
  write(folder.file(".lock"), far);
  EXPECT_EQ(patient.look(), State::running);
}

}  // namespace
}  // namespace hourglass
