#include "engine/replica.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/small_training.hpp"

namespace hourglass {
namespace {

using namespace engine_test;

class ReplicaTest : public testing::Test {
 protected:
  void step(Replica& replica, Index step, bool updates) {
    replica.gradient(source_, 1, 0, step, {}, {});
    if (updates) {
      replica.update(step, 0.02, {}, GradientExchange::Gather::later, {});
    } else {
      replica.skip();
    }
  }
  [[nodiscard]] static std::vector<float> values_of(Replica& replica) {
    replica.complete_parameters();
    return {replica.parameters().begin(), replica.parameters().end()};
  }

  Communicator world_ = Communicator::world();
  Autoencoder model_{small_spec()};
  ShardPlan plan_{97, 8, 4};
  KeyedSource source_{plan_};
  WorkerPool pool_{2};
  std::unique_ptr<Optimizer> optimizer_ = make_optimizer({});
  Recording recording_;
  Buffer<float> parameters_ = initial_parameters(model_);
  Replica replica_{world_, model_,     plan_,    *optimizer_, pool_, parameters_.span(),
                   {},     recording_, "group5_"};
};

TEST_F(ReplicaTest, skipped_step_changes_nothing) {
  step(replica_, 0, true);
  const auto before = values_of(replica_);
  step(replica_, 1, false);
  EXPECT_TRUE(same_bits(values_of(replica_), before));
  step(replica_, 2, true);
  Buffer<float> again = initial_parameters(model_);
  Replica other(world_, model_, plan_, *optimizer_, pool_, again.span(), {}, recording_);
  step(other, 0, true);
  step(other, 2, true);
  EXPECT_TRUE(same_bits(values_of(other), values_of(replica_)));
}

TEST_F(ReplicaTest, state_is_stored_under_the_prefix) {
  std::vector<std::string> groups;
  for (const StoredArena& arena : replica_.stored(stored_tensors(model_.layout())))
    groups.push_back(arena.group);
  EXPECT_EQ(groups,
            (std::vector<std::string>{"/optimizer/group5_mean", "/optimizer/group5_variance"}));
  EXPECT_GT(replica_.workspace_bytes(), 0);
}

}  // namespace
}  // namespace hourglass
