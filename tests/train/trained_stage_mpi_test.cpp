#include "train/trained_stage.hpp"

#include <gtest/gtest.h>

#include <set>

#include "train/tiny_run.hpp"

namespace hourglass {
namespace {

using train_test::TinyRun;

// Floats of the arena that all ranks together store.
Index stored_floats(const Communicator& world, const StoredArena& arena) {
  std::int64_t floats = 0;
  for (const Range& range : arena.ranges) floats += range.size();
  world.sum({&floats, 1});
  return floats;
}

TEST(TrainedStage, ranks_store_each_their_part_of_the_network) {
  TinyRun run(Communicator::world());
  const StoredArena parameters = run.stages.current().stored_parameters();
  EXPECT_EQ(parameters.group, "/model");
  EXPECT_EQ(parameters.tensors.size(), run.model.layout().tensors().size());
  EXPECT_EQ(stored_floats(run.communicator, parameters), run.model.layout().size());
  EXPECT_EQ(parameters.ranges.size(), parameters.values.size());
}

TEST(TrainedStage, stores_the_moments_of_the_optimizer) {
  TinyRun run(Communicator::world());
  StateHeader header;
  std::set<std::string> groups;
  for (const StoredArena& arena : run.stages.current().stored_optimizer(header))
    groups.insert(arena.group);
  EXPECT_EQ(groups, (std::set<std::string>{"/optimizer/mean", "/optimizer/variance"}));
  EXPECT_TRUE(header.position.empty());
}

TEST(TrainedStage, stores_a_layers_moments_under_its_names_in_the_network) {
  TinyRun run(Communicator::world(),
              [](TrainConfig& config) { config.pretrain.kind = Pretrain::autoencoder; });
  run.stages.advance();
  StateHeader header;
  std::set<std::string> names;
  for (const StoredArena& arena : run.stages.current().stored_optimizer(header)) {
    for (const StoredTensor& tensor : arena.tensors) names.insert(tensor.name);
  }
  EXPECT_EQ(names, (std::set<std::string>{"encoder/1/weight", "encoder/1/bias", "decoder/0/weight",
                                          "decoder/0/bias"}));
  // The network itself is stored whole.
  EXPECT_EQ(run.stages.current().stored_parameters().tensors.size(),
            run.model.layout().tensors().size());
}

TEST(TrainedStage, the_model_for_use_is_the_running_average) {
  TinyRun run(Communicator::world(), [](TrainConfig& config) { config.update.ema = 0.5; });
  run.make_updates(2);
  TrainedStage& stage = run.stages.current();
  const StoredArena model = stage.stored_model();
  const StoredArena parameters = stage.stored_parameters();
  EXPECT_EQ(model.group, parameters.group);
  EXPECT_EQ(stored_floats(run.communicator, model), stored_floats(run.communicator, parameters));
  bool differs = false;
  for (std::size_t i = 0; i < model.values.size(); ++i) {
    for (Index f = 0; f < model.ranges[i].size(); ++f)
      differs = differs || model.values[i][f] != parameters.values[i][f];
  }
  EXPECT_TRUE(run.communicator.max(Index{differs ? 1 : 0}) == 1);
}

TEST(TrainedStage, lbfgs_stores_its_pairs_and_their_number) {
  TinyRun run(Communicator::world(),
              [](TrainConfig& config) { config.optimizer.name = lbfgs_name; });
  ASSERT_NE(run.stages.current().full_batch(), nullptr);
  StateHeader header;
  static_cast<void>(run.stages.current().stored_optimizer(header));
  EXPECT_FALSE(header.position.empty());
}

}  // namespace
}  // namespace hourglass
