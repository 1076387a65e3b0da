#include "train/resume_checks.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"
#include "train/tiny_run.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;
using train_test::Change;
using train_test::TinyRun;
using train_test::write_samples;

// A run with a checkpoint, and others that want to go on from it.
class ResumeChecks : public testing::Test {
 protected:
  ResumeChecks()
      : folder_(Communicator::world()), run_(Communicator::world(), [&](TrainConfig& config) {
          if (Communicator::world().is_root()) write_samples(folder_.file("v.h5"), 10);
          config.validation = folder_.file("v.h5") + ":/x";
          config.schedule.warmup_epochs = 2;
        }) {
    run_.make_updates(1);
    run_.checkpoints.write(run_.state);
    run_.communicator.barrier();
  }

  void resume(const Change& change) {
    TinyRun resumed(run_, change);
    ResumePoint point{RunFolder(run_.config.output), std::nullopt, run_.checkpoints.last(), {}, {}};
    resumed.checkpoints.restore(point, resumed.state);
  }
  std::string refuse(const std::string& part, const Change& change) {
    return expect_error(ErrorKind::usage, part, [&] { resume(change); });
  }
  std::string other_samples(const std::string& name, Index rows) {
    if (run_.communicator.is_root()) write_samples(folder_.file(name), rows, 1);
    run_.communicator.barrier();
    return folder_.file(name) + ":/x";
  }

  io_test::SharedFolder folder_;
  TinyRun run_;
};

TEST_F(ResumeChecks, the_same_run_may_go_on) {
  resume([](TrainConfig& config) { config.epochs = 7; });
}

TEST_F(ResumeChecks, other_training_data_are_refused) {
  const std::string data = other_samples("other.h5", train_test::tiny_rows);
  const std::string message =
      refuse("--data " + data, [&](TrainConfig& config) { config.data = data; });
  EXPECT_NE(message.find("step-00000001.h5"), std::string::npos) << message;
}

TEST_F(ResumeChecks, moved_data_are_the_same_data) {
  const std::string moved = folder_.file("moved.h5");
  if (run_.communicator.is_root()) write_samples(moved, train_test::tiny_rows);
  run_.communicator.barrier();
  resume([&](TrainConfig& config) { config.data = moved + ":/x"; });
}

TEST_F(ResumeChecks, other_validation_data_are_refused_where_they_decide) {
  const std::string data = other_samples("other.h5", 10);
  resume([&](TrainConfig& config) { config.validation = data; });
  for (const Change& decides :
       std::vector<Change>{[](TrainConfig& config) { config.keep_best = true; },
                           [](TrainConfig& config) { config.early_stopping = 3; },
                           [](TrainConfig& config) { config.schedule.name = "plateau"; }}) {
    refuse("--validation " + data, [&](TrainConfig& config) {
      config.validation = data;
      decides(config);
    });
  }
  refuse("--validation left out", [](TrainConfig& config) {
    config.validation = "";
    config.keep_best = true;
  });
}

TEST_F(ResumeChecks, other_feature_weights_are_refused) {
  refuse("--feature-weights w.h5", [](TrainConfig& config) {
    config.feature_weights = "w.h5";
    config.model.feature_weights.assign(train_test::tiny_features, 2.0F);
  });
}

TEST_F(ResumeChecks, another_network_is_refused) {
  expect_error(ErrorKind::data, "", [&] {
    resume([](TrainConfig& config) { config.model.encoder = {train_test::tiny_features, 5, 2}; });
  });
}

TEST_F(ResumeChecks, fewer_epochs_than_begun_are_refused) {
  for (int epoch = 0; epoch < 2; ++epoch) {
    run_.state.finish_epoch();
    ++run_.state.position.step;
  }
  run_.checkpoints.write(run_.state);
  run_.communicator.barrier();
  resume([](TrainConfig& config) { config.epochs = 2; });
  refuse("--epochs 1: the run is in epoch 2 already", [](TrainConfig& config) {
    config.epochs = 1;
    config.schedule.warmup_epochs = 0;
  });
}

TEST_F(ResumeChecks, an_epoch_that_was_begun_counts) {
  check_epochs_left(run_.plan, {0, 3, 0, 9, 0});
  expect_error(ErrorKind::usage, "the run is in epoch 4 already", [&] {
    check_epochs_left(run_.plan, {0, 3, 1, 10, 0});
  });
}

TEST_F(ResumeChecks, other_arithmetic_is_refused_where_bits_are_promised) {
  StateFile file = read_state_file(run_.checkpoints.last());
  file.header.texts["blas"] = "another library";
  expect_error(ErrorKind::usage, "trained with another library",
               [&] { check_same_run(file, "c.h5", run_.config, run_.data, run_.plan); });
  TrainConfig config = run_.config;
  config.reduction = Reduction::allreduce;
  check_same_run(file, "c.h5", config, run_.data, run_.plan);
}

TEST_F(ResumeChecks, checkpoints_of_older_versions_have_no_validation_fingerprint) {
  StateFile file = read_state_file(run_.checkpoints.last());
  file.header.texts.erase("validation_fingerprint");
  TrainConfig config = run_.config;
  config.keep_best = true;
  const RunPlan plan(config, run_.model, train_test::tiny_rows);
  check_same_run(file, "c.h5", config, run_.data, plan);
}

}  // namespace
}  // namespace hourglass
