#include "hourglass/train/train.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "hourglass/core/error.hpp"
#include "hourglass/data/samples.hpp"
#include "hourglass/run/trained_model.hpp"
#include "support/expect_error.hpp"
#include "support/shared_folder.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;
using io_test::SharedFolder;

OwnedMatrix waves(Index rows) {
  OwnedMatrix samples(rows, 8);
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < 8; ++c)
      samples(r, c) = 0.5F + 0.5F * std::sin(0.1F * static_cast<float>(r * (c + 1)));
  }
  return samples;
}

TrainingSettings settings_for(const std::string& data, const std::string& output) {
  TrainingSettings settings;
  settings.set("data", data).set("layers", "8,5,2").set("batch", 32).set("micro-batch", 8);
  settings.set("epochs", 2).set("output", output).set("progress", "none");
  return settings;
}

TEST(Train, gives_the_same_model_on_any_number_of_ranks) {
  const auto world = Communicator::world();
  const SharedFolder folder(world);
  const std::string data = folder.file("waves.h5") + ":/samples";
  write_samples(world, data, waves(world.is_root() ? 128 : 0));
  TrainingSettings settings = settings_for(data, folder.file("run"));
  settings.set("validation", data);
  const TrainingOutcome outcome = train(world, settings);
  EXPECT_EQ(outcome.steps, 8);
  EXPECT_EQ(outcome.samples, 256);
  EXPECT_TRUE(outcome.validation_squared_error);
  EXPECT_EQ(outcome.model_path, folder.file("run") + "/model.h5");
  EXPECT_EQ(outcome.profile, "");

  const TrainedModel model = TrainedModel::load(outcome.model_path);
  EXPECT_EQ(model.digest(), outcome.weights_digest);
  EXPECT_EQ(model.code_size(), 2);
  ASSERT_EQ(model.history().size(), 2U);
  EXPECT_EQ(model.history()[1].validation_squared_error, outcome.validation_squared_error);
  EXPECT_EQ(model.settings().get("layers"), "8,5,2");
  collectively(world, [&] {
    if (!world.is_root()) return;
    settings.set("output", folder.file("alone")).set("threads", 2);
    EXPECT_EQ(train(Communicator::self(), settings).weights_digest, outcome.weights_digest);
  });
  expect_error(ErrorKind::usage, "already",
               [&] { train(world, settings_for(data, folder.file("run"))); });
}

TEST(Train, refuses_wrong_settings_on_every_rank) {
  const auto world = Communicator::world();
  const SharedFolder folder(world);
  const std::string data = folder.file("waves.h5") + ":/samples";
  expect_error(ErrorKind::usage, "--data", [&] { train(world, TrainingSettings()); });
  expect_error(ErrorKind::io, "waves.h5",
               [&] { train(world, settings_for(data, folder.file("run"))); });
  if (world.size() == 1) return;
  TrainingSettings differing = settings_for(data, folder.file("run"));
  differing.set("seed", world.rank());
  expect_error(ErrorKind::usage, "seed", [&] { train(world, differing); });
}

TEST(Resume, continues_as_if_never_interrupted) {
  const auto world = Communicator::world();
  const SharedFolder folder(world);
  const std::string data = folder.file("waves.h5") + ":/samples";
  write_samples(world, data, waves(world.is_root() ? 128 : 0));
  train(world, settings_for(data, folder.file("run")));
  const TrainingOutcome resumed = resume(world, folder.file("run"), [](TrainingSettings& settings) {
    settings.set("epochs", 4).set("threads", 2);
  });
  EXPECT_EQ(resumed.steps, 16);
  const TrainingOutcome straight =
      train(world, settings_for(data, folder.file("straight")).set("epochs", 4));
  EXPECT_EQ(resumed.weights_digest, straight.weights_digest);

  EXPECT_EQ(resume(world, folder.file("run")).weights_digest, straight.weights_digest);
  expect_error(ErrorKind::usage, "cannot resume with --seed", [&] {
    resume(world, folder.file("run"), [](TrainingSettings& settings) { settings.set("seed", 7); });
  });
  expect_error(ErrorKind::usage, "own folder", [&] {
    resume(world, folder.file("run"),
           [](TrainingSettings& settings) { settings.set("output", "elsewhere"); });
  });
  expect_error(ErrorKind::io, "none", [&] { resume(world, folder.file("none")); });
}

}  // namespace
}  // namespace hourglass
