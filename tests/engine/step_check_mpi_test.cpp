#include "engine/step_check.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "engine/small_training.hpp"
#include "engine/stage.hpp"
#include "support/expect_error.hpp"
#include "support/shared_folder.hpp"

namespace hourglass {
namespace {

using namespace engine_test;
using io_test::expect_error;

constexpr const char* entry = "/position/kfac_model";

StageSettings adaptive_kfac() {
  StageSettings settings;
  settings.optimizer.name = "kfac";
  settings.optimizer.momentum = 0.9;
  settings.optimizer.weight_decay = 0.01;
  settings.optimizer.precondition.kfac_damping_rule = "adaptive";
  settings.epochs = 1;
  settings.bucket_bytes = 1024;
  settings.clip_norm = 0.01;
  return settings;
}

std::vector<double> stored(const Stage& stage) {
  StateHeader header;
  stage.store(header);
  return header.doubles.at(entry);
}

class StepCheckTest : public testing::Test {
 protected:
  Communicator world_ = Communicator::world();
  Autoencoder model_{small_spec()};
  ShardPlan plan_{97, 7, 5};
  KeyedSource source_{plan_};
  Buffer<float> parameters_ = initial_parameters(model_);
};

// What the first comparison measures, recomputed: the loss after the step is that of another step
// on the same samples.
TEST_F(StepCheckTest, the_scale_is_the_ratio_of_both_curvatures_along_the_step) {
  WorkerPool pool(2);
  Stage stage(world_, model_, plan_, pool, parameters_.span(), adaptive_kfac());
  EXPECT_EQ(stored(stage), (std::vector<double>{0.5, 0}));
  const StepTotals& totals = stage.gradient(source_, 1, 0, 0);
  const double loss = totals.mean(totals.loss);
  const double norm = stage.gradient_norm();
  SlowStep slow(model_, plan_);
  const std::vector<float> gradient = slow.gradient(parameters_.data(), source_, 1, 0);
  const std::vector<float> before(parameters_.span().begin(), parameters_.span().end());
  stage.update(0, 0.02, norm);
  // The comparison is of the weights alone.
  const std::vector<float> after_update(parameters_.span().begin(), parameters_.span().end());
  Buffer<float> moved(parameters_.size());
  std::ranges::copy(before, moved.data());
  double slope = 0;
  std::vector<float> change(before.size());
  for (const TensorRole& role : model_.roles()) {
    if (role.bias) continue;
    const Range range = model_.layout().range(role.slot);
    for (Index i = range.begin; i < range.end; ++i) {
      const auto place = static_cast<std::size_t>(i);
      moved[i] = after_update[place];
      change[place] = moved[i] - before[place];
      slope += static_cast<double>(gradient[place]) * static_cast<double>(change[place]);
    }
  }
  const double curvature = stage.sharded_optimizer().curvature(1, 0.5, change);
  EXPECT_GT(curvature, 0);
  static_cast<void>(slow.gradient(moved.data(), source_, 1, 0));
  const double after = slow.loss / static_cast<double>(plan_.samples_in_step(0));
  const double scale = 2 * (after - loss - slope) / curvature;
  ASSERT_GT(scale, 0);
  EXPECT_EQ(stored(stage)[0], 0.5);
  EXPECT_NEAR(stored(stage)[1], scale, 1e-2 * scale);
  // The second step is compared with the model of the first.
  stage.gradient(source_, 1, 0, 1);
  stage.update(1, 0.02, stage.gradient_norm());
  EXPECT_NE(stored(stage)[1], scale);
}

TEST_F(StepCheckTest, ranks_and_threads_measure_the_same_bits) {
  const auto measured = [&](const Communicator& communicator, Index threads) {
    WorkerPool pool(threads);
    Buffer<float> parameters = initial_parameters(model_);
    Stage stage(communicator, model_, plan_, pool, parameters.span(), adaptive_kfac());
    KeyedSource source(plan_);
    for (Index step = 0; step < 3; ++step) {
      stage.gradient(source, 1, 0, step);
      stage.update(step, 0.02, stage.gradient_norm());
    }
    return stored(stage);
  };
  const std::vector<double> expected = measured(Communicator::self(), 1);
  EXPECT_NE(expected[0], 0.5);
  for (const Index threads : {1, 3}) EXPECT_EQ(measured(world_, threads), expected);
}

TEST_F(StepCheckTest, state_is_stored_where_it_is_used_and_checked_when_it_is_read) {
  WorkerPool pool(1);
  StageSettings constant = adaptive_kfac();
  constant.optimizer.precondition.kfac_damping_rule = "constant";
  Stage plain(world_, model_, plan_, pool, parameters_.span(), constant);
  StateHeader header;
  plain.store(header);
  EXPECT_TRUE(header.doubles.empty());
  Stage stage(world_, model_, plan_, pool, parameters_.span(), adaptive_kfac());
  EXPECT_GT(stage.optimizer_bytes() - plain.optimizer_bytes(),
            parameters_.size() * static_cast<Index>(sizeof(float)) - 1);
  const io_test::SharedFolder folder(world_);
  const auto load = [&](const std::vector<double>* values) {
    StateHeader entries;
    if (values != nullptr) entries.doubles[entry] = *values;
    const std::string path = folder.file("run.h5");
    const auto tensors = stored_tensors(model_.layout());
    auto arenas = stage.stored(tensors);
    arenas.push_back({"/model", tensors, {{0, parameters_.size()}}, {parameters_.data()}});
    write_state_file(world_, path, entries, arenas);
    stage.load(open_state_file(path));
    world_.barrier();
  };
  // Of a run that began with a constant damping.
  load(nullptr);
  EXPECT_EQ(stored(stage), (std::vector<double>{0.5, 0}));
  const std::vector<double> good = {0.25, 3};
  load(&good);
  EXPECT_EQ(stored(stage), good);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const std::vector<double>& values :
       {std::vector<double>{1}, {0, 1}, {1, -1}, {nan, 1}, {1, nan}, {1, 2, 3}}) {
    expect_error(ErrorKind::data, "run.h5 has no valid /position/kfac_model",
                 [&] { load(&values); });
    world_.barrier();
  }
  EXPECT_EQ(stored(stage), good);
}

}  // namespace
}  // namespace hourglass
