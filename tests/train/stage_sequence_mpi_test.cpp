#include "train/stage_sequence.hpp"

#include <gtest/gtest.h>

#include "train/tiny_run.hpp"

namespace hourglass {
namespace {

using train_test::TinyRun;

void pretrain(TrainConfig& config) {
  config.pretrain.kind = Pretrain::autoencoder;
  config.pretrain.epochs = {1};
}

std::vector<float> tensor_of(TinyRun& run, const std::string& name) {
  for (const Tensor& tensor : run.model.layout().tensors()) {
    if (tensor.name != name) continue;
    const auto first = run.stages.parameters().begin() + tensor.offset;
    return {first, first + tensor.size};
  }
  ADD_FAILURE() << "no tensor " << name;
  return {};
}

TEST(StageSequence, begins_with_the_whole_network_without_pretraining) {
  TinyRun run(Communicator::world());
  EXPECT_FALSE(run.stages.current().is_pretraining());
  EXPECT_EQ(&run.stages.stage().model(), &run.model);
  EXPECT_EQ(run.stages.stage().parameters().data(), run.stages.parameters().data());
  EXPECT_EQ(run.stages.current().full_batch(), nullptr);
  EXPECT_GT(run.stages.source().bytes(), 0);
}

TEST(StageSequence, the_same_seed_gives_the_same_parameters) {
  TinyRun one(Communicator::world());
  TinyRun same(one, [](TrainConfig&) {});
  TinyRun other(one, [](TrainConfig& config) { config.seed = 2; });
  EXPECT_EQ(one.parameters(), same.parameters());
  EXPECT_NE(one.parameters(), other.parameters());
}

TEST(StageSequence, a_pretrained_layer_goes_into_the_network_and_no_other) {
  TinyRun run(Communicator::world(), pretrain);
  ASSERT_TRUE(run.stages.current().is_pretraining());
  const auto before = run.parameters();
  const auto first = tensor_of(run, "encoder/0/weight");
  const auto mirror = tensor_of(run, "decoder/1/weight");
  const auto second = tensor_of(run, "encoder/1/weight");
  run.make_updates(3);
  EXPECT_EQ(run.parameters(), before) << "the layer has an arena of its own";
  run.stages.advance();
  EXPECT_NE(tensor_of(run, "encoder/0/weight"), first);
  EXPECT_NE(tensor_of(run, "decoder/1/weight"), mirror);
  EXPECT_EQ(tensor_of(run, "encoder/1/weight"), second);
}

TEST(StageSequence, layers_share_the_samples_that_they_read) {
  TinyRun run(Communicator::world(), pretrain);
  const SampleSource* const source = &run.stages.source();
  run.stages.advance();
  EXPECT_TRUE(run.stages.current().is_pretraining());
  EXPECT_EQ(&run.stages.source(), source);
  EXPECT_EQ(run.stages.take_input_seconds(), 0) << "data in memory";
  run.stages.advance();
  EXPECT_FALSE(run.stages.current().is_pretraining());
}

TEST(StageSequence, records_phases_of_the_whole_network_only) {
  TinyRun run(Communicator::world(), pretrain);
  run.profile.start_measuring();
  run.stages.record_phases();
  const auto forward = [&] {
    return run.profile.seconds()[static_cast<std::size_t>(Phase::forward)];
  };
  run.make_updates(1);
  EXPECT_EQ(forward(), 0);
  run.stages.advance();
  run.stages.advance();
  run.state.position = {2, 0, 0, 1, 0};
  run.make_updates(1);
  EXPECT_GT(forward(), 0);
}

}  // namespace
}  // namespace hourglass
