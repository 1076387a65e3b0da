#include "engine/stage.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "engine/small_training.hpp"
#include "optim/clip.hpp"
#include "optim/matrix_rule.hpp"
#include "support/expect_error.hpp"
#include "support/shared_folder.hpp"

namespace hourglass {
namespace {

using namespace engine_test;
using io_test::expect_error;

constexpr Index shards = 7;
constexpr Index steps = 3;
constexpr double rate = 0.02;

// K-FAC with settings of its own under further names.
StageSettings settings_of(const std::string& optimizer) {
  StageSettings settings;
  settings.optimizer.name = optimizer;
  if (optimizer.starts_with("kfac ")) settings.optimizer.name = "kfac";
  if (optimizer == "kfac adaptive") settings.optimizer.precondition.kfac_damping_rule = "adaptive";
  if (optimizer == "kfac quadratic") settings.optimizer.precondition.kfac_momentum = "quadratic";
  for (const char* name : {"muon", "lars", "shampoo", "soap", "kfac"}) {
    if (settings.optimizer.name == name) settings.optimizer.momentum = 0.9;
  }
  // Bands of several blocks, whose roots are due in different steps.
  settings.optimizer.precondition.block = 4;
  settings.optimizer.precondition.every = 2;
  settings.optimizer.precondition.statistics_every = 2;
  settings.optimizer.weight_decay = 0.01;
  settings.epochs = 1;
  settings.bucket_bytes = 1024;
  return settings;
}

class StageTest : public testing::Test {
 protected:
  // The parameters after some steps on the ranks of `communicator`.
  std::vector<float> train(const Communicator& communicator, const StageSettings& settings,
                           Index threads,
                           GradientExchange::Gather gather = GradientExchange::Gather::now) {
    WorkerPool pool(threads);
    Buffer<float> parameters = initial_parameters(model_);
    Stage stage(communicator, model_, plan_, pool, parameters.span(), settings);
    KeyedSource source(plan_);
    for (Index step = 0; step < steps; ++step) {
      stage.gradient(source, 1, 0, step);
      std::optional<double> norm;
      if (stage.wants_norm()) norm = stage.gradient_norm();
      stage.update(step, rate, norm, gather);
    }
    const auto used = stage.parameters_in_use();
    return {used.begin(), used.end()};
  }

  Communicator world_ = Communicator::world();
  Autoencoder model_{small_spec()};
  ShardPlan plan_{97, shards, 5};
};

// One rank, one thread, whole arenas: the tree of single sums, then the optimizer on everything.
TEST_F(StageTest, steps_equal_the_slow_reference_bit_for_bit) {
  for (const double clip_norm : {0.0, 0.01}) {
    StageSettings settings = settings_of("adam");
    settings.clip_norm = clip_norm;
    Buffer<float> expected = initial_parameters(model_);
    const auto size = static_cast<std::size_t>(expected.size());
    const auto optimizer = make_optimizer(settings.optimizer);
    std::vector<std::vector<float>> moments(optimizer->state_names().size(),
                                            std::vector<float>(size));
    std::vector<float*> state;
    for (auto& moment : moments) state.push_back(moment.data());
    KeyedSource source(plan_);
    SlowStep slow(model_, plan_);
    for (Index step = 0; step < steps; ++step) {
      const auto gradient = slow.gradient(expected.data(), source, 1, step);
      ExactSum squares;
      add_sum_of_squares(gradient, squares);
      UpdateStep update{step + 1, rate};
      update.gradient_scale = clip_factor(std::sqrt(squares.value()), clip_norm);
      EXPECT_EQ(update.gradient_scale<1.0F, clip_norm> 0);
      optimizer->update(update, expected.span(), gradient, state);
    }
    for (const Index threads : {1, 2, 3})
      EXPECT_TRUE(same_bits(train(world_, settings, threads), expected.span()));
  }
}

TEST_F(StageTest, ranks_and_threads_do_not_change_a_bit_of_any_rule) {
  for (const char* optimizer : {"sgd", "lamb", "lars", "muon", "shampoo", "soap", "kfac",
                                "kfac adaptive", "kfac quadratic", "adamw"}) {
    const StageSettings settings = settings_of(optimizer);
    const auto expected = train(Communicator::self(), settings, 1);
    for (const Index threads : {1, 3})
      EXPECT_TRUE(same_bits(train(world_, settings, threads), expected)) << optimizer;
  }
  std::vector<std::vector<float>> seen;
  for (const char* wire : {"fp32", "bf16", "int8", "powersgd:1", "powersgd:2"}) {
    StageSettings settings = settings_of("adam");
    parse_wire(wire, settings.arithmetic);
    seen.push_back(train(Communicator::self(), settings, 1));
    for (const Index threads : {1, 2})
      EXPECT_TRUE(same_bits(train(world_, settings, threads), seen.back())) << wire;
    EXPECT_EQ(std::ranges::count(seen, seen.back()), 1) << wire << " must matter";
  }
}

TEST_F(StageTest, factors_ignore_the_wire_and_depend_on_all_samples) {
  std::vector<std::vector<float>> seen;
  for (const char* wire : {"bf16", "int8"}) {
    StageSettings settings = settings_of("kfac");
    parse_wire(wire, settings.arithmetic);
    seen.push_back(train(Communicator::self(), settings, 1));
    EXPECT_TRUE(same_bits(train(world_, settings, 2), seen.back())) << wire;
  }
  EXPECT_NE(seen[0], seen[1]);
}

// Cut when roots are computed every other step, and resumed in this world from a single rank's
// file.
TEST_F(StageTest, resumed_rules_of_matrices_continue_with_the_same_bits) {
  constexpr Index cut_after = 9;
  const io_test::SharedFolder folder(world_);
  for (const char* optimizer : {"shampoo", "soap", "kfac", "kfac adaptive", "kfac quadratic"}) {
    StageSettings settings = settings_of(optimizer);
    const std::string path = folder.file(std::string(optimizer) + ".h5");
    KeyedSource source(plan_);
    const auto continue_from = [&](const Communicator& communicator, Index cut, bool write) {
      WorkerPool pool(2);
      Buffer<float> parameters = initial_parameters(model_);
      Stage stage(communicator, model_, plan_, pool, parameters.span(), settings);
      const auto tensors = stored_tensors(model_.layout());
      if (cut > 0) {
        const StateFile file = open_state_file(path);
        read_arena(file, "/model", parameters.span());
        stage.load(file);
      }
      for (Index step = cut; step < cut_after + 3; ++step) {
        stage.gradient(source, 1, static_cast<std::uint32_t>(step / steps), step % steps);
        stage.update(step, rate, {});
        if (!write || step + 1 != cut_after) continue;
        auto arenas = stage.stored(tensors);
        arenas.push_back({"/model", tensors, {{0, parameters.size()}}, {parameters.data()}});
        StateHeader header;
        stage.store(header);
        write_state_file(communicator, path, header, arenas);
      }
      return std::vector<float>(parameters.span().begin(), parameters.span().end());
    };
    std::vector<float> whole;
    if (world_.is_root()) whole = continue_from(Communicator::self(), 0, true);
    world_.barrier();
    const auto resumed = continue_from(world_, cut_after, false);
    EXPECT_TRUE(!world_.is_root() || same_bits(resumed, whole)) << optimizer;
  }
}

TEST_F(StageTest, weights_without_factors_are_refused_with_kfac) {
  AutoencoderSpec spec = small_spec();
  spec.tied = true;
  const Autoencoder tied(spec);
  WorkerPool pool(1);
  Buffer<float> parameters = initial_parameters(tied);
  expect_error(ErrorKind::usage, "weights of its own: use --optimizer shampoo", [&] {
    const Stage stage(world_, tied, plan_, pool, parameters.span(), settings_of("kfac"));
  });
}

// As in architecture surgery, where the biases of new categories alone are trained.
TEST_F(StageTest, rules_of_matrices_also_train_where_no_matrix_is_trained) {
  const Buffer<float> start = initial_parameters(model_);
  Frozen frozen;
  for (const TensorRole& role : model_.roles()) {
    if (!role.bias) frozen.ranges.push_back(model_.layout().range(role.slot));
  }
  std::ranges::sort(frozen.ranges, {}, &Range::begin);
  for (const char* optimizer : {"shampoo", "kfac", "kfac adaptive", "kfac quadratic"}) {
    StageSettings settings = settings_of(optimizer);
    settings.frozen = frozen;
    const auto expected = train(Communicator::self(), settings, 1);
    EXPECT_FALSE(same_bits(expected, start.span())) << optimizer;
    EXPECT_TRUE(std::ranges::all_of(expected, [](float value) { return std::isfinite(value); }));
    for (const Range& range : frozen.ranges) {
      const auto begin = static_cast<std::size_t>(range.begin);
      const auto size = static_cast<std::size_t>(range.size());
      EXPECT_TRUE(
          same_bits(std::span(expected).subspan(begin, size), start.span().subspan(begin, size)));
    }
    for (const Index threads : {1, 3})
      EXPECT_TRUE(same_bits(train(world_, settings, threads), expected)) << optimizer;
  }
}

// Of the same samples in every step, and weights that stay, running means are right from the first
// step on, once they are divided by 1 - b^t: in epochs of one step all of these update them.
TEST_F(StageTest, curvature_counts_the_updates_of_its_statistics) {
  const ShardPlan plan(shards * 5, shards, 5);
  ASSERT_EQ(plan.steps_per_epoch(), 1);
  WorkerPool pool(1);
  Buffer<float> parameters = initial_parameters(model_);
  Stage stage(world_, model_, plan, pool, parameters.span(), settings_of("kfac adaptive"));
  KeyedSource source(plan);
  std::vector<double> curvatures;
  for (Index step = 0; step < 4; ++step) {
    stage.gradient(source, 1, static_cast<std::uint32_t>(step), 0);
    stage.update(step, 0, {});
    curvatures.push_back(stage.sharded_optimizer().curvature(step + 1, 0.5, parameters.span()));
    EXPECT_NEAR(curvatures.back(), curvatures.front(), 1e-4 * curvatures.front()) << step;
  }
  EXPECT_GT(curvatures.front(), 0);
}

TEST_F(StageTest, gather_behind_the_next_step_changes_nothing) {
  for (const char* wire : {"fp32", "int8"}) {
    StageSettings settings = settings_of("adam");
    parse_wire(wire, settings.arithmetic);
    const auto expected = train(Communicator::self(), settings, 1);
    for (const Index threads : {1, 3}) {
      EXPECT_TRUE(
          same_bits(train(world_, settings, threads, GradientExchange::Gather::later), expected))
          << wire << ", " << threads << " threads";
    }
  }
}

TEST_F(StageTest, average_follows_the_parameters) {
  StageSettings settings = settings_of("sgd");
  settings.update.ema = 0.9;
  settings.optimizer.weight_decay = 0;
  const auto average = train(world_, settings, 2);
  EXPECT_TRUE(same_bits(average, train(Communicator::self(), settings, 1)));
  // Recomputed from the parameters after each step.
  WorkerPool pool(1);
  Buffer<float> parameters = initial_parameters(model_);
  std::vector<float> expected(parameters.span().begin(), parameters.span().end());
  settings.update.ema = 0;
  Stage stage(world_, model_, plan_, pool, parameters.span(), settings);
  EXPECT_EQ(stage.parameters_in_use().data(), parameters.data());
  KeyedSource source(plan_);
  for (Index step = 0; step < steps; ++step) {
    stage.gradient(source, 1, 0, step);
    stage.update(step, rate, {});
    const double t = static_cast<double>(step + 1);
    const auto towards = static_cast<float>(1 - std::min(0.9, (1 + t) / (10 + t)));
    for (std::size_t i = 0; i < expected.size(); ++i)
      expected[i] += towards * (parameters[static_cast<Index>(i)] - expected[i]);
  }
  EXPECT_TRUE(same_bits(average, expected));
}

TEST_F(StageTest, totals_are_those_of_all_ranks) {
  WorkerPool pool(2);
  Buffer<float> parameters = initial_parameters(model_);
  Stage stage(world_, model_, plan_, pool, parameters.span(), settings_of("adam"));
  KeyedSource source(plan_);
  SlowStep slow(model_, plan_);
  for (Index step = 0; step < steps; ++step) {
    const auto gradient = slow.gradient(parameters.data(), source, 1, step);
    const StepTotals& totals =
        stage.gradient(source, 1, 0, step, {world_.rank() % 2 == 1, false, world_.is_root(), true});
    EXPECT_NEAR(totals.loss.value(), slow.loss, 1e-9 * slow.loss);
    EXPECT_EQ(totals.samples, plan_.samples_in_step(step));
    EXPECT_EQ(totals.mean(totals.loss), totals.loss.value() / static_cast<double>(totals.samples));
    EXPECT_EQ(totals.ranks_with(StepFlag::stop), world_.size() / 2);
    EXPECT_EQ(totals.ranks_with(StepFlag::checkpoint), 0);
    EXPECT_EQ(totals.ranks_with(StepFlag::time), 1);
    EXPECT_EQ(totals.ranks_with(StepFlag::written), world_.size());
    EXPECT_FALSE(totals.failed);
    double squares = 0;
    for (const float value : gradient)
      squares += static_cast<double>(value) * static_cast<double>(value);
    EXPECT_NEAR(stage.gradient_norm(), std::sqrt(squares), 1e-12);
    stage.update(step, rate, {});
  }
}

TEST_F(StageTest, failure_of_one_rank_is_known_to_all) {
  WorkerPool pool(1);
  Buffer<float> parameters = initial_parameters(model_);
  Stage stage(world_, model_, plan_, pool, parameters.span(), settings_of("adam"));
  KeyedSource source(plan_);
  source.failing_shard = 0;
  const StepTotals& totals = stage.gradient(source, 1, 0, 0);
  EXPECT_TRUE(totals.failed);
  EXPECT_EQ(totals.failure != nullptr, world_.is_root());
  // What follows is a pass over the same samples: no message may be pending.
  stage.wait_for_gradient();
  source.failing_shard = -1;
  stage.update(0, 0, {});
  EXPECT_FALSE(stage.gradient(source, 1, 0, 1).failed) << "a failure is that of one step";
  stage.update(1, rate, {});
}

TEST_F(StageTest, one_infinite_parameter_is_seen_by_every_rank) {
  WorkerPool pool(1);
  Buffer<float> parameters = initial_parameters(model_);
  Stage stage(world_, model_, plan_, pool, parameters.span(), settings_of("adam"));
  EXPECT_TRUE(stage.is_finite());
  parameters[parameters.size() / 2] = std::numeric_limits<float>::infinity();
  EXPECT_FALSE(stage.is_finite());
}

TEST_F(StageTest, memory_is_divided_over_the_ranks) {
  WorkerPool pool(1);
  Buffer<float> parameters = initial_parameters(model_);
  const Index arena_bytes = parameters.size() * 4;
  Stage stage(world_, model_, plan_, pool, parameters.span(), settings_of("adam"));
  EXPECT_EQ(stage.gradient_bytes(), arena_bytes);
  std::vector<std::int64_t> moments = {stage.optimizer_bytes()};
  world_.sum(moments);
  EXPECT_EQ(moments[0], 2 * arena_bytes);
  EXPECT_GT(stage.workspace_bytes(), 0);
  EXPECT_EQ(stage.exchange_bytes() > 0, world_.size() > 1);
  StageSettings replicated = settings_of("adam");
  replicated.reduction = Reduction::allreduce;
  Stage classic(world_, model_, plan_, pool, parameters.span(), replicated);
  EXPECT_EQ(classic.optimizer_bytes(), 2 * arena_bytes);
}

TEST_F(StageTest, memory_of_kfac_has_factors_statistics_and_scratch) {
  WorkerPool pool(1);
  Buffer<float> parameters = initial_parameters(model_);
  const Communicator self = Communicator::self();
  StageSettings settings = settings_of("kfac");
  settings.optimizer.precondition.block = 100;
  const Stage kfac(self, model_, plan_, pool, parameters.span(), settings);
  const Stage adam(self, model_, plan_, pool, parameters.span(), settings_of("adam"));
  const auto rule = make_optimizer(settings.optimizer);
  FactorLayout factors;
  Index state = 0;
  Index scratch = 0;
  for (const TensorGroup& group : tensor_groups(model_, {}, {})) {
    const Tensor& tensor = model_.layout().tensor(group.slot);
    if (!group.matrix) {
      state += 2 * group.range.size();
      continue;
    }
    const Index rows = tensor.shape.front();
    const Index columns = tensor.size / rows;
    factors.add(group.slot, tensor.name, rows, columns, 100);
    for (const MatrixRule::State& part : rule->matrix_rule()->states(rows, columns))
      state += round_up(part.rows * part.columns, cell_floats);
    scratch = std::max(scratch, rule->matrix_rule()->scratch_floats(rows, columns));
  }
  // A worker's first buffer lies in the arena of the exchange.
  const GradientPlan gradients(shards, {0, shards}, 1, false);
  const Index further = gradients.workers().front().buffers - 1;
  EXPECT_GT(further, 0);
  EXPECT_EQ(kfac.workspace_bytes() - adam.workspace_bytes(), further * factors.size() * 4);
  EXPECT_EQ(kfac.optimizer_bytes(), (state + scratch + parameters.size()) * 4);
  EXPECT_EQ(kfac.stored_bytes(), state * 4);
}

TEST_F(StageTest, phases_are_recorded_from_the_call_on) {
  WorkerPool pool(2);
  Buffer<float> parameters = initial_parameters(model_);
  Stage stage(world_, model_, plan_, pool, parameters.span(), settings_of("adam"));
  std::vector<PhaseRecorder> recorders(2, PhaseRecorder(model_.network().layer_count(), 0));
  KeyedSource source(plan_);
  stage.gradient(source, 1, 0, 0);
  stage.update(0, rate, {});
  EXPECT_EQ(recorders[0].total(Phase::update).calls, 0);
  stage.record_phases(recorders);
  stage.gradient(source, 1, 0, 1);
  stage.update(1, rate, {});
  for (const Phase phase :
       {Phase::input, Phase::forward, Phase::backward, Phase::update, Phase::exchange})
    EXPECT_GT(recorders[0].total(phase).calls, 0) << name_of(phase);
}

TEST_F(StageTest, bad_settings_are_one_error_everywhere) {
  WorkerPool pool(1);
  Buffer<float> parameters = initial_parameters(model_);
  const auto make = [&](const StageSettings& settings) {
    Stage stage(world_, model_, plan_, pool, parameters.span(), settings);
  };
  expect_error(ErrorKind::usage, "nosuch", [&] { make(settings_of("nosuch")); });
  StageSettings settings = settings_of("adam");
  settings.bucket_bytes = 0;
  expect_error(ErrorKind::usage, "--bucket-bytes", [&] { make(settings); });
}

}  // namespace
}  // namespace hourglass
