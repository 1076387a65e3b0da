#include "engine/outer_step.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "engine/small_training.hpp"
#include "engine/stage.hpp"
#include "support/shared_folder.hpp"

namespace hourglass {
namespace {

using namespace engine_test;

constexpr double rate = 0.02;
constexpr Index epochs = 2;

// 97 samples in 8 shards: in the last step of an epoch one shard has a sample, so that groups
// without it make no update.
ShardPlan plan_of(Index groups) { return {97, 8, 4, groups}; }

StageSettings settings_of(const std::string& optimizer, Index groups) {
  StageSettings settings;
  settings.optimizer.name = optimizer;
  for (const char* name : {"muon", "shampoo", "soap", "kfac"}) {
    if (optimizer == name) settings.optimizer.momentum = 0.9;
  }
  // Factors are also due in steps in which a group has no samples.
  settings.optimizer.precondition.block = 4;
  settings.optimizer.precondition.every = 2;
  settings.optimizer.precondition.statistics_every = 1;
  settings.epochs = epochs;
  settings.bucket_bytes = 1024;
  settings.local = {3, groups, 0.7, 0.9};
  return settings;
}

struct Outcome {
  std::vector<float> parameters;
  double spread = 0;
  double loss = 0;
  double norm = 0;
};

Outcome train(const Communicator& communicator, const StageSettings& settings, Index threads = 1,
              const AutoencoderSpec& spec = small_spec()) {
  const Autoencoder model(spec);
  const ShardPlan plan = plan_of(settings.local.groups);
  WorkerPool pool(threads);
  Buffer<float> parameters = initial_parameters(model);
  Stage stage(communicator, model, plan, pool, parameters.span(), settings);
  KeyedSource source(plan);
  Outcome outcome;
  for (Index step = 0; step < epochs * plan.steps_per_epoch(); ++step) {
    const StepTotals& totals = stage.gradient(source, 1, 0, step % plan.steps_per_epoch());
    outcome.loss = totals.loss.value();
    outcome.norm = stage.gradient_norm();
    stage.update(step, rate, stage.wants_norm() ? std::optional(outcome.norm) : std::nullopt,
                 GradientExchange::Gather::later);
  }
  outcome.spread = stage.group_spread().value();
  outcome.parameters.assign(parameters.span().begin(), parameters.span().end());
  return outcome;
}

// Shards of a group under the numbers of the group.
class GroupSource final : public SampleSource {
 public:
  GroupSource(SampleSource& all, Index first_shard) : all_(all), first_shard_(first_shard) {}
  void begin_epoch(std::uint32_t, Index) override {}
  void gather(Index shard, Index step, Matrix x, std::span<std::uint64_t> ids) override {
    all_.gather(first_shard_ + shard, step, x, ids);
  }
  [[nodiscard]] double wait_seconds() const override { return 0; }
  [[nodiscard]] Index bytes() const override { return 0; }

 private:
  SampleSource& all_;
  Index first_shard_;
};

// The definition, on one rank and without buckets: Adam in each of two groups, then the outer step.
TEST(OuterStep, two_groups_equal_the_slow_reference_bit_for_bit) {
  const StageSettings settings = settings_of("adam", 2);
  const Autoencoder model(small_spec());
  const ShardPlan plan = plan_of(2);
  KeyedSource source(plan);
  const auto optimizer = make_optimizer(settings.optimizer);
  const Buffer<float> start = initial_parameters(model);
  std::vector<float> outer(start.span().begin(), start.span().end());
  std::vector<float> momentum(outer.size());
  std::vector<std::vector<float>> local(2, outer);
  std::vector<std::vector<std::vector<float>>> moments(
      2, std::vector<std::vector<float>>(2, std::vector<float>(outer.size())));
  double spread = 0;
  Index outer_steps = 0;
  std::vector<Index> updates(2);
  for (Index step = 0; step < epochs * plan.steps_per_epoch(); ++step) {
    const Index in_epoch = step % plan.steps_per_epoch();
    for (std::size_t g = 0; g < 2; ++g) {
      const ShardPlan group = plan.group(static_cast<Index>(g));
      if (group.samples_in_step(in_epoch) == 0) continue;
      GroupSource own(source, group.first_shard());
      SlowStep slow(model, group);
      const auto gradient = slow.gradient(local[g].data(), own, 1, in_epoch);
      std::vector<float*> state = {moments[g][0].data(), moments[g][1].data()};
      optimizer->update({++updates[g], rate}, local[g], gradient, state);
    }
    if (in_epoch != 2 && in_epoch + 1 != plan.steps_per_epoch()) continue;
    ++outer_steps;
    double moved = 0;
    double apart = 0;
    for (std::size_t i = 0; i < outer.size(); ++i) {
      const float first = outer[i] - local[0][i];
      const float second = outer[i] - local[1][i];
      moved += (static_cast<double>(first) * first + static_cast<double>(second) * second) / 2;
      const double half = (static_cast<double>(first) - second) / 2;
      apart += half * half;
      const float mean = 0.5F * (first + second);
      momentum[i] = 0.9F * momentum[i] + mean;
      outer[i] -= 0.7F * (mean + 0.9F * momentum[i]);
    }
    spread = std::sqrt(apart / moved);
    local = {outer, outer};
  }
  EXPECT_EQ(updates, (std::vector<Index>{3 * epochs, 4 * epochs}));
  EXPECT_EQ(outer_steps, 2 * epochs) << "after the third step and at the end of an epoch";
  for (const Index threads : {1, 2}) {
    const Outcome outcome = train(Communicator::world(), settings, threads);
    EXPECT_TRUE(same_bits(outcome.parameters, outer));
    EXPECT_NEAR(outcome.spread, spread, 1e-5);
  }
}

// The expectation is made by one rank and one thread.
void expect_same_everywhere(const StageSettings& settings,
                            const AutoencoderSpec& spec = small_spec()) {
  const Outcome expected = train(Communicator::self(), settings, 1, spec);
  for (const Index threads : {1, 3}) {
    const Outcome outcome = train(Communicator::world(), settings, threads, spec);
    EXPECT_TRUE(same_bits(outcome.parameters, expected.parameters))
        << settings.local.groups << " groups, " << settings.optimizer.name << ", " << threads
        << " threads";
    EXPECT_EQ(outcome.spread, expected.spread);
    EXPECT_EQ(outcome.loss, expected.loss);
    EXPECT_EQ(outcome.norm, expected.norm);
  }
}

TEST(OuterStep, ranks_and_threads_do_not_change_a_bit) {
  for (const Index groups : {1, 2, 4, 8}) {
    StageSettings settings = settings_of("adam", groups);
    settings.clip_norm = 0.05;
    expect_same_everywhere(settings);
  }
}

TEST(OuterStep, rules_of_whole_matrices_work_within_groups) {
  for (const char* optimizer : {"lamb", "muon", "shampoo", "soap", "kfac"})
    expect_same_everywhere(settings_of(optimizer, 2));
  expect_same_everywhere(settings_of("kfac", 4));
}

// The outer step writes to arenas of which only the active rows are cleared.
TEST(OuterStep, sparse_codes_are_exchanged_by_active_rows) {
  AutoencoderSpec spec;
  spec.encoder = {features, 150};
  spec.feature_mean = false;
  spec.sparsity.selection = {.kind = Selection::top_k, .k = 1};
  StageSettings settings = settings_of("adam", 2);
  settings.sparse_exchange = SparseExchange::never;
  const Outcome dense = train(Communicator::self(), settings, 1, spec);
  settings.sparse_exchange = SparseExchange::always;
  EXPECT_TRUE(
      same_bits(train(Communicator::self(), settings, 1, spec).parameters, dense.parameters));
  expect_same_everywhere(settings, spec);
}

// Cut between two outer steps and resumed in this world from a single rank's file.
TEST(OuterStep, resumed_groups_continue_with_the_same_bits) {
  const Communicator world = Communicator::world();
  const io_test::SharedFolder folder(world);
  const Autoencoder model(small_spec());
  const auto tensors = stored_tensors(model.layout());
  const ShardPlan plan = plan_of(4);
  const Index cut_after = plan.steps_per_epoch() + 2;
  for (const char* optimizer : {"adam", "kfac"}) {
    const StageSettings settings = settings_of(optimizer, 4);
    const std::string path = folder.file(std::string(optimizer) + ".h5");
    KeyedSource source(plan);
    const auto continue_from = [&](const Communicator& communicator, Index cut, bool write) {
      WorkerPool pool(2);
      Buffer<float> parameters = initial_parameters(model);
      Stage stage(communicator, model, plan, pool, parameters.span(), settings);
      if (cut > 0) {
        const StateFile file = open_state_file(path);
        read_arena(file, "/model", parameters.span());
        stage.load(file);
      }
      for (Index step = cut; step < epochs * plan.steps_per_epoch(); ++step) {
        stage.gradient(source, 1, 0, step % plan.steps_per_epoch());
        stage.update(step, rate, {});
        if (!write || step + 1 != cut_after) continue;
        auto arenas = stage.stored(tensors);
        arenas.push_back({"/model", tensors, {{0, parameters.size()}}, {parameters.data()}});
        write_state_file(communicator, path, {}, arenas);
      }
      return std::vector<float>(parameters.span().begin(), parameters.span().end());
    };
    std::vector<float> whole;
    if (world.is_root()) whole = continue_from(Communicator::self(), 0, true);
    world.barrier();
    const auto resumed = continue_from(world, cut_after, false);
    EXPECT_TRUE(!world.is_root() || same_bits(resumed, whole)) << optimizer;
  }
}

// Every fourth step computes roots, and every fourth step of the run is one that three groups of
// four have no samples for.
TEST(OuterStep, roots_of_groups_that_skip_steps_are_computed_again) {
  const Autoencoder model(small_spec());
  const auto tensors = stored_tensors(model.layout());
  const ShardPlan plan = plan_of(4);
  ASSERT_EQ(plan.steps_per_epoch(), 4);
  StageSettings settings = settings_of("shampoo", 4);
  settings.optimizer.precondition.block = 100;
  settings.optimizer.precondition.every = 4;
  WorkerPool pool(1);
  Buffer<float> parameters = initial_parameters(model);
  Stage stage(Communicator::self(), model, plan, pool, parameters.span(), settings);
  KeyedSource source(plan);
  // The floats of each group's left roots.
  const auto roots = [&] {
    std::vector<std::vector<float>> all;
    for (const StoredArena& arena : stage.stored(tensors)) {
      if (arena.group.find("_left_root") == std::string::npos) continue;
      std::vector<float>& own = all.emplace_back();
      for (std::size_t r = 0; r < arena.ranges.size(); ++r)
        own.insert(own.end(), arena.values[r], arena.values[r] + arena.ranges[r].size());
    }
    return all;
  };
  std::vector<std::vector<float>> before;
  for (Index step = 0; step < 12 * 4; ++step) {
    if (step == 8 * 4) before = roots();
    stage.gradient(source, 1, 0, step % 4);
    stage.update(step, rate, {});
  }
  const auto after = roots();
  ASSERT_EQ(after.size(), 4U);
  for (std::size_t group = 0; group < 4; ++group) {
    // Of each matrix: a float that did not change is one of a root that was not computed.
    Index same = 0;
    for (std::size_t i = 0; i < after[group].size(); ++i)
      same += after[group][i] == before[group][i] && after[group][i] != 0 ? 1 : 0;
    EXPECT_LT(same, 4) << "group " << group;
  }
}

TEST(OuterStep, one_group_moves_as_one) {
  EXPECT_NEAR(train(Communicator::world(), settings_of("adam", 1)).spread, 0, 1e-6);
}

TEST(OuterStep, between_two_the_outer_weights_stay) {
  const Autoencoder model(small_spec());
  const ShardPlan plan = plan_of(4);
  WorkerPool pool(1);
  Buffer<float> parameters = initial_parameters(model);
  const std::vector<float> start(parameters.span().begin(), parameters.span().end());
  Stage stage(Communicator::world(), model, plan, pool, parameters.span(), settings_of("adam", 4));
  KeyedSource source(plan);
  const auto names = [&] {
    std::vector<std::string> groups;
    for (const StoredArena& arena : stage.stored(stored_tensors(model.layout())))
      groups.push_back(arena.group);
    return groups;
  };
  for (Index step = 0; step < 3; ++step) {
    const auto stored = names();
    EXPECT_EQ(std::ranges::count(stored, "/optimizer/outer_momentum"), 1);
    EXPECT_EQ(std::ranges::count(stored, "/optimizer/group3_mean"), 1);
    EXPECT_EQ(std::ranges::count(stored, "/optimizer/group3_weights"), step > 0 ? 1 : 0);
    EXPECT_TRUE(same_bits(parameters.span(), start)) << step;
    stage.gradient(source, 1, 0, step);
    stage.update(step, rate, {});
  }
  EXPECT_FALSE(same_bits(parameters.span(), start));
  EXPECT_EQ(names().size(), 1 + 4 * 2);
}

}  // namespace
}  // namespace hourglass
