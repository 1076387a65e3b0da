#include "engine/matrix_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "optim/shampoo.hpp"

namespace hourglass {
namespace {

// An encoder of 784-1000-500 and its mirror; slot 1 is a bias.
class MatrixPlanTest : public testing::Test {
 protected:
  MatrixPlanTest() {
    for (const auto& shape :
         {std::vector<Index>{1000, 784}, {1000}, {500, 1000}, {1000, 500}, {784, 1000}}) {
      const Slot slot = layout_.add(std::to_string(groups_.size()), shape);
      groups_.push_back({layout_.range(slot), 1, 1, slot, shape.size() > 1});
    }
  }
  MatrixPlan plan(Index block, int ranks, Index workers = 1, Index every = 10) const {
    OptimizerSettings settings;
    settings.precondition.block = block;
    settings.precondition.every = every;
    return plan_matrices(layout_, groups_, Shampoo(settings), ranks, workers);
  }

  Layout layout_;
  std::vector<TensorGroup> groups_;
};

TEST_F(MatrixPlanTest, blocks_cover_every_matrix_once) {
  for (const Index block : {2000, 1000, 300}) {
    const MatrixPlan plan = this->plan(block, 3, 2);
    std::vector<Index> covered(groups_.size(), 0);
    for (const MatrixBlock& b : plan.blocks) {
      const MatrixBand& band = plan.bands[b.band];
      EXPECT_EQ(b.rows, band.rows);
      EXPECT_LE(std::max(b.rows.size(), b.columns.size()), block);
      EXPECT_LT(band.rank, 3);
      EXPECT_LT(b.worker, 2);
      covered[static_cast<std::size_t>(band.slot)] += b.rows.size() * b.columns.size();
    }
    for (const TensorGroup& group : groups_) {
      EXPECT_EQ(covered[static_cast<std::size_t>(group.slot)],
                group.matrix ? layout_.tensor(group.slot).size : 0);
    }
    for (std::size_t b = 1; b < plan.bands.size(); ++b)
      EXPECT_GE(plan.bands[b].floats.begin, plan.bands[b - 1].floats.end);
  }
}

TEST_F(MatrixPlanTest, work_is_balanced_over_ranks_and_workers) {
  for (const int ranks : {1, 2}) {
    const MatrixPlan plan = this->plan(1024, ranks, 3 - ranks);
    std::vector<double> load(2, 0.0);
    for (const MatrixBlock& block : plan.blocks)
      load[static_cast<std::size_t>(plan.bands[block.band].rank + block.worker)] += block.flops;
    EXPECT_DOUBLE_EQ(load[0], load[1]);
  }
}

TEST_F(MatrixPlanTest, ranks_and_workers_change_the_place_only) {
  const MatrixPlan one = plan(300, 1);
  const MatrixPlan many = plan(300, 5, 3);
  ASSERT_EQ(one.blocks.size(), many.blocks.size());
  for (std::size_t b = 0; b < one.blocks.size(); ++b) {
    EXPECT_EQ(one.blocks[b].rows, many.blocks[b].rows);
    EXPECT_EQ(one.blocks[b].columns, many.blocks[b].columns);
    EXPECT_EQ(one.blocks[b].turn, many.blocks[b].turn);
  }
}

TEST_F(MatrixPlanTest, roots_take_turns_two_ranks_at_a_time) {
  const MatrixPlan plan = this->plan(1024, 2);
  // 1000 x 784 and its mirror, then 500 x 1000 and its mirror.
  EXPECT_EQ(plan.blocks[0].turn, plan.blocks[3].turn);
  EXPECT_EQ(plan.blocks[1].turn, plan.blocks[2].turn);
  EXPECT_NE(plan.blocks[0].turn, plan.blocks[1].turn);
  EXPECT_NE(plan.bands[0].rank, plan.bands[3].rank);
  std::set<Index> turns;
  for (const MatrixBlock& block : this->plan(100, 1, 1, 4).blocks) turns.insert(block.turn);
  EXPECT_EQ(turns, std::set<Index>({0, 1, 2, 3}));
}

}  // namespace
}  // namespace hourglass
