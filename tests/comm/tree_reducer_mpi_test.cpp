#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <thread>

#include "comm/leaf_gradients.hpp"
#include "comm/reducer.hpp"
#include "core/buffer.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

/// One rank's side of steps with made-up gradients.
class Trial {
 public:
  Trial(const Communicator& communicator, Index leaves, Index floats, Index bucket_bytes,
        int round_bits = ExchangePlan::standard_round_bits)
      : communicator_(communicator), leaves_(leaves), sum_(floats), parameters_(floats) {
    nodes_ = maximal_nodes(even_part(leaves, communicator.size(), communicator.rank()), leaves);
    for (std::size_t n = 0; n < nodes_.size(); ++n) node_sums_.emplace_back(floats);
    ReducerSettings settings{leaves, bucket_bytes, sum_.span(), parameters_.span()};
    settings.round_bits = round_bits;
    reducer_ = make_tree_reducer(communicator, settings);
  }

  Reducer& reducer() { return *reducer_; }
  Index bucket_count() { return static_cast<Index>(reducer_->buckets().size()); }

  /// Computes this rank's nodes; node `in_place` lies in `sum` itself (none when negative).
  void compute(Index step, Index in_place) {
    step_ = step;
    in_place_ = in_place;
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      for (Index i = 0; i < sum_.size(); ++i) memory_of(n)[i] = reference_sum(step, nodes_[n], i);
    }
  }

  void start_reduce(Index bucket) {
    const Index begin = reducer_->buckets()[static_cast<std::size_t>(bucket)].begin;
    std::vector<BucketPart> parts;
    for (std::size_t n = 0; n < nodes_.size(); ++n)
      parts.push_back({nodes_[n], memory_of(n) + begin});
    reducer_->start_reduce(bucket, parts);
  }

  /// The stand-in for an optimizer: the parameters become the sum itself.
  void wait_and_update(Index bucket) {
    reducer_->wait_reduce(bucket);
    const Range owned = reducer_->owned(bucket);
    std::copy_n(sum_.data() + owned.begin, owned.size(), parameters_.data() + owned.begin);
    if (in_place_ < 0) std::fill_n(sum_.data() + owned.begin, owned.size(), -1.0F);
  }

  void expect_complete() {
    Index wrong = 0;
    for (Index i = 0; i < parameters_.size(); ++i) {
      const float expected = reference_sum(step_, {0, leaves_}, i);
      if (std::bit_cast<std::uint32_t>(parameters_[i]) != std::bit_cast<std::uint32_t>(expected))
        ++wrong;
    }
    EXPECT_EQ(wrong, 0) << "wrong floats of " << parameters_.size() << " in step " << step_;
    std::fill_n(parameters_.data(), parameters_.size(), -2.0F);
  }

  void expect_owned_tile_the_arena() {
    std::vector<std::int64_t> owners(static_cast<std::size_t>(sum_.size() / cell_floats));
    for (Index b = 0; b < bucket_count(); ++b) {
      const Range bucket = reducer_->buckets()[static_cast<std::size_t>(b)];
      const Range owned = reducer_->owned(b);
      EXPECT_LE(bucket.begin, owned.begin);
      EXPECT_LE(owned.end, bucket.end);
      EXPECT_EQ(owned.begin % cell_floats, 0);
      for (Index c = owned.begin / cell_floats; c < owned.end / cell_floats; ++c)
        ++owners[static_cast<std::size_t>(c)];
    }
    communicator_.sum(owners);
    EXPECT_TRUE(std::ranges::all_of(owners, [](std::int64_t count) { return count == 1; }));
  }

 private:
  float* memory_of(std::size_t node) {
    return static_cast<Index>(node) == in_place_ ? sum_.data() : node_sums_[node].data();
  }

  const Communicator& communicator_;
  Index leaves_;
  Buffer<float> sum_;
  Buffer<float> parameters_;
  std::vector<Range> nodes_;
  std::vector<Buffer<float>> node_sums_;
  std::unique_ptr<Reducer> reducer_;
  Index step_ = 0;
  Index in_place_ = -1;
};

void run_step(Trial& trial, Index step, Index in_place) {
  trial.compute(step, in_place);
  for (Index b = 0; b < trial.bucket_count(); ++b) trial.start_reduce(b);
  for (Index b = 0; b < trial.bucket_count(); ++b) {
    trial.wait_and_update(b);
    trial.reducer().start_gather(b);
  }
  trial.reducer().finish();
  trial.expect_complete();
}

class TreeReducerLeaves : public testing::TestWithParam<Index> {};

TEST_P(TreeReducerLeaves, sums_along_the_tree_bit_for_bit) {
  const Communicator world = Communicator::world();
  const Index leaves = GetParam();
  for (const Index cells : {1, 3, 7, 29}) {
    for (const Index bucket_bytes : {256, 1280, 1 << 20}) {
      SCOPED_TRACE(std::to_string(cells) + " cells, buckets of " + std::to_string(bucket_bytes));
      Trial trial(world, leaves, cells * cell_floats, bucket_bytes);
      trial.expect_owned_tile_the_arena();
      // In place: no part, the first, the second (if there is one).
      for (Index step = 0; step < 3; ++step) run_step(trial, step, step - 1);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(FromOneToMany, TreeReducerLeaves,
                         testing::Values(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 33),
                         testing::PrintToStringParamName());

// Of four ranks, the standard round takes all.
TEST(TreeReducer, recursive_halving_in_rounds_of_two_ranks) {
  const Communicator world = Communicator::world();
  Trial trial(world, 8, 29 * cell_floats, 1280, 1);
  trial.expect_owned_tile_the_arena();
  for (Index step = 0; step < 3; ++step) run_step(trial, step, step - 1);
}

TEST(TreeReducer, order_of_addition_shows_in_the_test_data) {
  Index different = 0;
  for (Index i = 0; i < 1000; ++i) {
    float sequential = 0;
    for (Index leaf = 0; leaf < 4; ++leaf) sequential += leaf_gradient(0, leaf, i);
    if (sequential != reference_sum(0, {0, 4}, i)) ++different;
  }
  EXPECT_GT(different, 200);
}

TEST(TreeReducer, more_buckets_than_are_in_flight) {
  const Communicator world = Communicator::world();
  for (const Index leaves : {5, 8}) {
    Trial trial(world, leaves, 101 * cell_floats, 256);
    ASSERT_EQ(trial.bucket_count(), 101);
    for (Index step = 0; step < 3; ++step) run_step(trial, step, step - 1);
  }
}

// Above MPI's eager limits: messages wait for their receivers.
TEST(TreeReducer, large_messages) {
  const Communicator world = Communicator::world();
  for (const Index leaves : {5, 8}) {
    Trial trial(world, leaves, 2049 * cell_floats, 1 << 18);
    for (Index step = 0; step < 2; ++step) run_step(trial, step, step - 1);
  }
}

// Fast ranks are steps ahead with their messages; slow ones stall anywhere.
TEST(TreeReducer, ranks_out_of_step) {
  const Communicator world = Communicator::world();
  std::uint64_t state = 77 + static_cast<std::uint64_t>(world.rank());
  for (const Index leaves : {7, 16}) {
    for (const Index bucket_bytes : {256, 16384}) {
      // Fewer cells than ranks in some buckets: some ranks have nothing to wait for.
      Trial trial(world, leaves, 161 * cell_floats, bucket_bytes);
      const auto stall = [&] {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        const std::uint64_t draw = state >> 33;
        if (draw % 29 == 0) std::this_thread::sleep_for(std::chrono::microseconds(draw % 1000));
        for (std::uint64_t i = draw % 3; i > 0; --i) trial.reducer().progress();
      };
      for (Index step = 0; step < 6; ++step) {
        trial.compute(step, step % 3 - 1);
        for (Index b = 0; b < trial.bucket_count(); ++b) {
          trial.start_reduce(b);
          stall();
        }
        // As clipping by the global norm does it: all sums first, then all updates; here also in
        // another order.
        for (Index b = 0; b < trial.bucket_count(); ++b)
          trial.reducer().wait_reduce(trial.bucket_count() - 1 - b);
        for (Index b = trial.bucket_count() - 1; b >= 0; --b) {
          trial.wait_and_update(b);
          stall();
          trial.reducer().start_gather(b);
        }
        trial.reducer().finish();
        trial.expect_complete();
      }
    }
  }
}

TEST(TreeReducer, sums_without_gathering) {
  const Communicator world = Communicator::world();
  Trial trial(world, 6, 9 * cell_floats, 512);
  trial.compute(0, -1);
  for (Index b = 0; b < trial.bucket_count(); ++b) trial.start_reduce(b);
  trial.reducer().finish();
  run_step(trial, 1, 0);
}

TEST(TreeReducer, two_reducers_do_not_disturb_each_other) {
  const Communicator world = Communicator::world();
  Trial first(world, 8, 9 * cell_floats, 512);
  Trial second(world, 8, 9 * cell_floats, 512);
  first.compute(0, -1);
  second.compute(1, -1);
  for (Index b = 0; b < first.bucket_count(); ++b) {
    if (world.rank() % 2 == 0) first.start_reduce(b);
    second.start_reduce(b);
    if (world.rank() % 2 == 1) first.start_reduce(b);
  }
  for (Trial* trial : {&first, &second}) {
    for (Index b = 0; b < trial->bucket_count(); ++b) {
      trial->wait_and_update(b);
      trial->reducer().start_gather(b);
    }
    trial->reducer().finish();
    trial->expect_complete();
  }
}

// An error ends the run: the rank that unwinds must not wait for those that never answer.
TEST(TreeReducer, destroyed_in_the_middle_of_a_step) {
  const Communicator world = Communicator::world();
  for (const Index floats : {9 * cell_floats, 4096 * cell_floats}) {
    for (const Index leaves : {7, 8}) {
      Trial trial(world, leaves, floats, floats);
      trial.compute(0, -1);
      if (world.is_root()) trial.start_reduce(0);
      world.barrier();
    }
  }
  world.barrier();
  Trial trial(world, 8, 9 * cell_floats, 512);
  run_step(trial, 0, -1);
}

TEST(TreeReducer, empty_arena) {
  const Communicator world = Communicator::world();
  Trial trial(world, 4, 0, 512);
  EXPECT_EQ(trial.bucket_count(), 0);
  trial.reducer().progress();
  trial.reducer().finish();
}

TEST(TreeReducer, calls_out_of_order_are_bugs) {
  const Communicator world = Communicator::world();
  Trial trial(world, 8 * world.size(), cell_floats, 256);
  EXPECT_THROW(trial.reducer().wait_reduce(0), Error);
  EXPECT_THROW(trial.reducer().start_reduce(0, {}), Error);
  const BucketPart wrong = {{0, 8 * world.size() + 1}, nullptr};
  EXPECT_THROW(trial.reducer().start_reduce(0, {&wrong, 1}), Error);
  EXPECT_THROW(Trial(world, 8, cell_floats + 1, 256), Error);
  // Refused calls leave no trace.
  run_step(trial, 0, -1);
}

}  // namespace
}  // namespace hourglass
