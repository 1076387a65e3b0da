#include "train/trainer.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "run/resume_point.hpp"
#include "support/expect_error.hpp"
#include "train/tiny_run.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

// The configuration of a run in `folder`, with data of its own.
TrainConfig config_in(const Communicator& world, const io_test::SharedFolder& folder,
                      const std::string& output) {
  TrainConfig config = train_test::tiny_config();
  config.data = folder.file("data.h5") + ":/x";
  config.output = folder.file(output);
  config.pretrain.kind = Pretrain::autoencoder;
  config.pretrain.epochs = {1, 2};
  if (world.is_root() && !std::filesystem::exists(folder.file("data.h5")))
    train_test::write_samples(folder.file("data.h5"), train_test::tiny_rows);
  world.barrier();
  return config;
}

TEST(Trainer, goes_through_all_stages_and_writes_the_model) {
  const Communicator world = Communicator::world();
  const io_test::SharedFolder folder(world);
  const TrainConfig config = config_in(world, folder, "run");
  const TrainResult result = Trainer(world, config).run();
  EXPECT_EQ(result.position.stage, 2);
  EXPECT_EQ(result.position.epoch, 3);
  EXPECT_EQ(result.position.step, 3 * (1 + 2 + 3));
  EXPECT_EQ(result.weights_digest.size(), 32U);
  EXPECT_EQ(result.profile, "");
  EXPECT_FALSE(result.validation_sse.has_value());
  EXPECT_TRUE(std::filesystem::exists(result.model_path));
  for (const std::string& other : world.all_gather(result.weights_digest))
    EXPECT_EQ(other, result.weights_digest);
}

TEST(Trainer, a_run_that_was_stopped_ends_with_the_bits_of_one_that_was_not) {
  const Communicator world = Communicator::world();
  const io_test::SharedFolder folder(world);
  const std::string digest = Trainer(world, config_in(world, folder, "whole")).run().weights_digest;
  const TrainConfig config = config_in(world, folder, "stopped");
  {
    Trainer trainer(world, config);
    std::raise(SIGUSR1);
    expect_error(ErrorKind::stopped, "stopped on request at step 1",
                 [&] { static_cast<void>(trainer.run()); });
  }
  ResumePoint point = find_resume_point(world, config.output);
  EXPECT_NE(point.checkpoint, "");
  EXPECT_EQ(Trainer(world, config, std::move(point)).run().weights_digest, digest);
}

TEST(Trainer, a_run_that_pauses_goes_on_to_the_bits_of_one_that_does_not) {
  const Communicator world = Communicator::world();
  const io_test::SharedFolder folder(world);
  TrainConfig config = config_in(world, folder, "whole");
  config.schedule.name = "cosine";  // which spans all epochs
  const std::string digest = Trainer(world, config).run().weights_digest;
  config.output = folder.file("paused");
  const TrainResult paused = Trainer(world, config).run(1);
  EXPECT_TRUE(paused.paused);
  EXPECT_EQ(paused.position.epoch, 1) << "of the whole network, after all layers";
  EXPECT_EQ(paused.position.stage, 2);
  EXPECT_TRUE(std::filesystem::exists(paused.model_path)) << "the checkpoint";
  EXPECT_FALSE(std::filesystem::exists(config.output + "/model.h5"));
  const TrainResult again = Trainer(world, config, find_resume_point(world, config.output)).run(1);
  EXPECT_TRUE(again.paused);
  EXPECT_EQ(again.weights_digest, paused.weights_digest);
  const TrainResult ended = Trainer(world, config, find_resume_point(world, config.output)).run(3);
  EXPECT_FALSE(ended.paused) << "the last epoch is the end";
  EXPECT_EQ(ended.weights_digest, digest);
}

TEST(Trainer, measures_steps_in_any_number_of_calls) {
  const Communicator world = Communicator::world();
  const io_test::SharedFolder folder(world);
  Trainer trainer(world, config_in(world, folder, "run"));
  EXPECT_EQ(trainer.run_steps(2).size(), 2U);
  const auto times = trainer.run_steps(5);
  ASSERT_EQ(times.size(), 5U);
  for (const StepTimes& step : times) EXPECT_GT(step.total, 0);
}

TEST(Trainer, refuses_a_folder_that_holds_a_run) {
  const Communicator world = Communicator::world();
  const io_test::SharedFolder folder(world);
  const TrainConfig config = config_in(world, folder, "run");
  static_cast<void>(Trainer(world, config).run());
  expect_error(ErrorKind::usage, "run", [&] { const Trainer again(world, config); });
}

}  // namespace
}  // namespace hourglass
