#include "train/run_profile.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "support/expect_error.hpp"
#include "train/tiny_run.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;
using train_test::TinyRun;

TEST(RunProfile, records_nothing_unless_asked_to) {
  TinyRun run(Communicator::world());
  run.profile.start();
  EXPECT_TRUE(run.profile.recorders().empty());
  EXPECT_EQ(run.profile.main(), nullptr);
  EXPECT_EQ(run.profile.finish(run.stages.pool()), "");
}

TEST(RunProfile, reports_the_phases_that_took_time) {
  TinyRun run(Communicator::world(), [](TrainConfig& config) { config.profile = true; });
  run.profile.start();
  run.stages.record_phases();
  ASSERT_EQ(run.profile.recorders().size(), 1U);
  run.make_updates(2);
  const auto seconds = run.profile.seconds();
  for (const Phase phase : {Phase::forward, Phase::backward, Phase::update})
    EXPECT_GT(seconds[static_cast<std::size_t>(phase)], 0) << name_of(phase);
  EXPECT_EQ(seconds[static_cast<std::size_t>(Phase::checkpoint)], 0);
}

TEST(RunProfile, measures_whatever_the_settings_and_once) {
  TinyRun run(Communicator::world());
  run.profile.start_measuring();
  const PhaseRecorder* const recorder = run.profile.main();
  ASSERT_NE(recorder, nullptr);
  run.profile.start_measuring();
  EXPECT_EQ(run.profile.main(), recorder);
}

TEST(RunProfile, refuses_a_trace_that_cannot_be_written) {
  TinyRun run(Communicator::world());
  const auto check = [&](const std::string& trace) {
    TrainConfig config = run.config;
    config.trace = trace;
    RunProfile(run.communicator, config, run.model).check_trace();
  };
  check("");
  check(run.files->file("trace.json"));
  check(run.files->file("run") + "/trace.json");
  expect_error(ErrorKind::io, "--trace", [&] { check(run.files->file("no/folder/t.json")); });
  expect_error(ErrorKind::usage, "", [&] { check(run.files->file("data.h5")); });
}

}  // namespace
}  // namespace hourglass
