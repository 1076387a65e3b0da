#include "train/resampling.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "model/dictionary_start.hpp"
#include "train/tiny_run.hpp"

namespace hourglass {
namespace {

using train_test::TinyRun;

void make_sparse(TrainConfig& config) {
  config.model.encoder = {train_test::tiny_features, 12};
  config.model.output_activation = Activation::linear;
  config.model.code_activation = Activation::linear;
  config.model.sparsity.selection = selection_from("topk:2");
  config.model.dictionary.unit_norm = true;
  config.dead_after = 1;
  config.resample_dead = {2, Interval::Unit::steps};
}

UnitUse use_of_all_but(const std::vector<Index>& unused) {
  UnitUse use(12);
  for (Index unit = 0; unit < 12; ++unit) {
    if (std::ranges::find(unused, unit) == unused.end()) use.add(unit);
  }
  return use;
}

TEST(Resampling, dead_units_take_directions_of_samples_on_any_number_of_ranks) {
  TinyRun run(Communicator::world(), make_sparse);
  const Resampling resampling(run.communicator, run.config, run.plan, run.data, run.model);
  run.make_updates(2);
  EXPECT_TRUE(resampling.is_due(run.state));
  run.state.units = {};
  run.state.units.count(use_of_all_but({3, 7}), 16);
  const std::vector<float> before = run.parameters();
  EXPECT_EQ(resampling.run(run.stages.stage(), run.stages.pool(), run.state), 2);
  EXPECT_EQ(run.state.units.count_dead(1), 0);
  const std::vector<float> after = run.parameters();
  const ConstMatrix old_atoms = run.model.dictionary(before.data());
  const ConstMatrix atoms = run.model.dictionary(after.data());
  for (Index u = 0; u < 12; ++u) {
    double product = 0;
    double norm = 0;
    for (Index c = 0; c < atoms.columns; ++c) {
      product += static_cast<double>(atoms(u, c)) * static_cast<double>(old_atoms(u, c));
      norm += static_cast<double>(atoms(u, c)) * static_cast<double>(atoms(u, c));
    }
    EXPECT_NEAR(norm, 1, 1e-5);
    EXPECT_EQ(u == 3 || u == 7, std::fabs(product - 1) > 1e-4) << u;
  }
  const Tensor& weights = run.model.layout().tensor(run.model.architecture().code_weights);
  for (Index c = 0; c < 6; ++c) {
    const float ratio = after[static_cast<std::size_t>(weights.offset + 3 * 6 + c)] / atoms(3, c);
    EXPECT_GT(ratio, 0) << "the encoder looks in the atom's direction";
  }

  TinyRun alone(Communicator::self(), make_sparse);
  const Resampling same(alone.communicator, alone.config, alone.plan, alone.data, alone.model);
  alone.make_updates(2);
  alone.state.units = {};
  alone.state.units.count(use_of_all_but({3, 7}), 16);
  EXPECT_EQ(same.run(alone.stages.stage(), alone.stages.pool(), alone.state), 2);
  EXPECT_EQ(alone.parameters(), after);
}

TEST(Resampling, is_due_after_so_many_updates) {
  TinyRun run(Communicator::world(), make_sparse);
  const Resampling resampling(run.communicator, run.config, run.plan, run.data, run.model);
  run.make_updates(1);
  EXPECT_FALSE(resampling.is_due(run.state));
  run.state.units = {};
  run.state.units.count(use_of_all_but({}), 16);
  EXPECT_EQ(resampling.run(run.stages.stage(), run.stages.pool(), run.state), 0);
}

}  // namespace
}  // namespace hourglass
