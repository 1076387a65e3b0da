#include "train/supervisor.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "core/process.hpp"
#include "support/expect_error.hpp"
#include "system/stop_signal.hpp"
#include "train/tiny_run.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;
using train_test::TinyRun;

bool flag(const StepFlags& flags, StepFlag name) { return flags[static_cast<std::size_t>(name)]; }

// What a step makes of the ranks' flags.
StepTotals totals_of(const Communicator& world, const StepFlags& flags) {
  StepTotals totals;
  for (std::size_t f = 0; f < flags.size(); ++f) totals.flags[f] = flags[f] ? 1 : 0;
  world.sum(totals.flags);
  return totals;
}

TEST(Supervisor, a_signal_on_any_rank_stops_all) {
  const Communicator world = Communicator::world();
  const StopSignal signals;
  Supervisor supervisor(world, {});
  EXPECT_FALSE(flag(supervisor.flags(false, false), StepFlag::stop));
  if (world.rank() == world.size() - 1) std::raise(SIGUSR1);
  const StepFlags flags = supervisor.flags(false, false);
  EXPECT_EQ(flag(flags, StepFlag::stop), world.rank() == world.size() - 1);
  EXPECT_FALSE(flag(flags, StepFlag::time));
  supervisor.take(totals_of(world, flags));
  EXPECT_TRUE(supervisor.stop_requested());
  EXPECT_FALSE(supervisor.checkpoint_requested());
  EXPECT_EQ(supervisor.time_limit(), 0);
  supervisor.take(totals_of(world, {}));
  EXPECT_FALSE(supervisor.stop_requested());
}

TEST(Supervisor, the_clock_of_rank_0_decides_over_checkpoints) {
  const Communicator world = Communicator::world();
  const StopSignal signals;
  Supervisor supervisor(world, {});
  supervisor.take(totals_of(world, supervisor.flags(!world.is_root(), false)));
  EXPECT_FALSE(supervisor.checkpoint_requested());
  supervisor.take(totals_of(world, supervisor.flags(world.is_root(), false)));
  EXPECT_TRUE(supervisor.checkpoint_requested());
  EXPECT_FALSE(supervisor.stop_requested());
}

TEST(Supervisor, a_checkpoint_goes_on_when_every_rank_has_written) {
  const Communicator world = Communicator::world();
  const StopSignal signals;
  Supervisor supervisor(world, {});
  supervisor.take(totals_of(world, supervisor.flags(false, !world.is_root())));
  EXPECT_FALSE(supervisor.written_everywhere());
  supervisor.take(totals_of(world, supervisor.flags(false, true)));
  EXPECT_TRUE(supervisor.written_everywhere());
}

TEST(Supervisor, time_is_up_on_all_ranks_when_it_is_on_rank_0) {
  const Communicator world = Communicator::world();
  const StopSignal signals;
  ReliabilitySettings settings;
  settings.time_limit = world.max(process_age()) + 1000;
  Supervisor supervisor(world, settings);
  supervisor.take(totals_of(world, supervisor.flags(false, false)));
  EXPECT_FALSE(supervisor.stop_requested()) << "nobody has started the clock";
  supervisor.start(0, "", "run");
  supervisor.take(totals_of(world, supervisor.flags(false, false)));
  EXPECT_FALSE(supervisor.stop_requested());
  supervisor.checkpoint_took(600);
  const StepFlags flags = supervisor.flags(false, false);
  EXPECT_EQ(flag(flags, StepFlag::time), world.is_root());
  supervisor.take(totals_of(world, flags));
  EXPECT_TRUE(supervisor.stop_requested());
  EXPECT_EQ(supervisor.time_limit(), settings.time_limit);
}

TEST(Supervisor, the_watchdogs_file_lives_as_long_as_it) {
  const Communicator world = Communicator::world();
  const io_test::SharedFolder folder(world);
  ReliabilitySettings settings;
  settings.watchdog = 600;
  {
    Supervisor supervisor(world, settings);
    supervisor.start(0, folder.file("watchdog"), "run");
    EXPECT_EQ(folder.entries(), 1);
  }
  EXPECT_EQ(folder.entries(), 0);
}

TEST(Supervisor, verifies_every_so_many_steps) {
  const Communicator world = Communicator::world();
  ReliabilitySettings settings;
  EXPECT_FALSE(Supervisor(world, settings).verification_due(10));
  settings.verify_every = 5;
  const Supervisor supervisor(world, settings);
  EXPECT_TRUE(supervisor.verification_due(10));
  EXPECT_FALSE(supervisor.verification_due(11));
}

TEST(Supervisor, names_the_last_checkpoint_when_ranks_differ) {
  const Communicator world = Communicator::world();
  TinyRun run(world);
  run.supervisor.verify(run.stages.stage(), 3, "c.h5");
  if (world.size() == 1) return;
  if (world.is_root()) run.stages.parameters()[0] += 1;
  const std::string message = expect_error(
      ErrorKind::rank, "after step 3", [&] { run.supervisor.verify(run.stages.stage(), 3, ""); });
  EXPECT_NE(message.find("last good checkpoint: none"), std::string::npos) << message;
}

TEST(Supervisor, injects_faults_on_demand) {
  const Communicator world = Communicator::world();
  TinyRun run(world);
  ASSERT_EQ(setenv("HOURGLASS_FAULT", "nan,rank=0,step=5", 1), 0);
  const Supervisor supervisor(world, {});
  ASSERT_EQ(setenv("HOURGLASS_FAULT", "nonsense", 1), 0);
  expect_error(ErrorKind::usage, "HOURGLASS_FAULT", [&] { const Supervisor bad(world, {}); });
  unsetenv("HOURGLASS_FAULT");
  const float& first = run.stages.parameters()[0];
  supervisor.inject_faults(4, run.stages.stage());
  EXPECT_FALSE(std::isnan(first));
  supervisor.inject_faults(5, run.stages.stage());
  EXPECT_TRUE(std::isnan(first)) << "a cause that all ranks share";
}

}  // namespace
}  // namespace hourglass
