#include "engine/power_sgd_reducer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/tree_sum.hpp"
#include "support/shared_folder.hpp"

namespace hourglass {
namespace {

using io_test::SharedFolder;

constexpr Index leaves = 5;
constexpr Index rows = 20;
constexpr Index columns = 30;

Layout make_layout() {
  Layout layout;
  layout.add("encoder/0/weight", {rows, columns});
  layout.add("encoder/0/bias", {rows});
  return layout;
}

// The gradient of a leaf: u v^T of one leaf after the other, whose sum has as high a rank as there
// are different leaves; and biases.
float leaf_value(Index step, Index leaf, Index i) {
  const Index row = i / columns;
  const Index column = i % columns;
  const auto angle = static_cast<double>(1 + leaf + step);
  if (i >= rows * columns) return static_cast<float>(leaf + 1) * static_cast<float>(i % 17);
  return static_cast<float>(std::sin(angle * static_cast<double>(row + 1)) *
                            std::cos(angle * static_cast<double>(column + 2)) /
                            static_cast<double>(leaf + 1));
}

/// The reducer and the leaves' gradients of one rank.
class Steps {
 public:
  Steps(const Communicator& communicator, Index rank, Index threads = 1)
      : pool_(threads),
        own_(even_part(leaves, communicator.size(), communicator.rank())),
        sum_(layout_.size()),
        reducer_(communicator, {leaves, 512, sum_.span(), sum_.span()}, layout_, rank, pool_) {
    for (Index leaf = 0; leaf < own_.size(); ++leaf) gradients_.emplace_back(layout_.size());
  }

  // The gradient of step `step`, `same_leaf` of it on every leaf if that is not negative.
  std::vector<float> sum(Index step, Index same_leaf = -1) {
    std::vector<BucketPart> parts;
    for (Index leaf = own_.begin; leaf < own_.end; ++leaf) {
      float* gradient = gradients_[static_cast<std::size_t>(leaf - own_.begin)].data();
      for (const Tensor& tensor : layout_.tensors()) {
        for (Index i = tensor.offset; i < tensor.offset + tensor.size; ++i)
          gradient[i] = leaf_value(step, same_leaf < 0 ? leaf : same_leaf, i);
      }
      parts.push_back({{leaf, leaf + 1}, gradient});
    }
    reducer_.start_reduce(0, parts);
    reducer_.progress();
    reducer_.wait_reduce(0);
    reducer_.start_gather(0);
    reducer_.finish();
    return {sum_.span().begin(), sum_.span().end()};
  }

  PowerSgdReducer& reducer() { return reducer_; }
  const Layout& layout() { return layout_; }

 private:
  Layout layout_ = make_layout();
  WorkerPool pool_;
  Range own_;
  Buffer<float> sum_;
  PowerSgdReducer reducer_;
  std::vector<Buffer<float>> gradients_;
};

double exact(Index step, Index i, Index same_leaf = -1) {
  double sum = 0;
  for (Index leaf = 0; leaf < leaves; ++leaf)
    sum += static_cast<double>(leaf_value(step, same_leaf < 0 ? leaf : same_leaf, i));
  return sum;
}

TEST(PowerSgdReducer, ranks_and_threads_do_not_change_a_bit) {
  for (const Index rank : {1, 2, 3}) {
    Steps one(Communicator::self(), rank);
    Steps all(Communicator::world(), rank, 2);
    for (Index step = 0; step < 4; ++step) {
      const std::vector<float> expected = one.sum(step);
      const std::vector<float> found = all.sum(step);
      EXPECT_EQ(std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)), 0)
          << "rank " << rank << ", step " << step;
    }
  }
}

TEST(PowerSgdReducer, gradient_of_that_rank_is_exact_and_so_are_biases) {
  Steps steps(Communicator::world(), 1);
  for (Index step = 0; step < 2; ++step) {
    // After the first step a part of the old direction comes back with what was lost: nothing here.
    const std::vector<float> found = steps.sum(0, 2);
    for (const Tensor& tensor : steps.layout().tensors()) {
      for (Index i = tensor.offset; i < tensor.offset + tensor.size; ++i)
        ASSERT_NEAR(found[static_cast<std::size_t>(i)], exact(0, i, 2), 2e-5) << i;
    }
  }
  const std::vector<float> found = steps.sum(1);
  const Tensor& bias = steps.layout().tensors()[1];
  for (Index i = bias.offset; i < bias.offset + bias.size; ++i)
    EXPECT_EQ(found[static_cast<std::size_t>(i)], exact(1, i)) << "exact in single precision";
}

TEST(PowerSgdReducer, what_is_lost_comes_back) {
  // The same gradient in every step: the mean of what is applied approaches it.
  constexpr Index steps_made = 40;
  Steps steps(Communicator::world(), 2);
  std::vector<double> applied(static_cast<std::size_t>(rows * columns));
  double squares = 0;
  double first_squares = 0;
  double lost_squares = 0;
  for (Index step = 0; step < steps_made; ++step) {
    const std::vector<float> found = steps.sum(0);
    for (std::size_t i = 0; i < applied.size(); ++i) {
      applied[i] += static_cast<double>(found[i]);
      if (step > 0) continue;
      squares += std::pow(exact(0, static_cast<Index>(i)), 2);
      first_squares += std::pow(exact(0, static_cast<Index>(i)) - applied[i], 2);
    }
  }
  for (std::size_t i = 0; i < applied.size(); ++i)
    lost_squares += std::pow(exact(0, static_cast<Index>(i)) - applied[i] / steps_made, 2);
  EXPECT_GT(first_squares, 0.01 * squares) << "of a higher rank";
  EXPECT_LT(lost_squares, 0.01 * squares);
}

TEST(PowerSgdReducer, a_vanished_gradient_does_not_stop_it) {
  Steps steps(Communicator::world(), 1);
  const auto is_zero = [](float value) { return value == 0; };
  std::vector<float> found = steps.sum(0, 2);
  ASSERT_FALSE(std::ranges::all_of(found, is_zero));
  PowerSgdReducer& reducer = steps.reducer();
  Buffer<float> zeros(steps.layout().size());
  const auto world = Communicator::world();
  const Range own = even_part(leaves, world.size(), world.rank());
  for (int step = 0; step < 3; ++step) {
    std::vector<BucketPart> parts;
    for (Index leaf = own.begin; leaf < own.end; ++leaf)
      parts.push_back({{leaf, leaf + 1}, zeros.data()});
    reducer.start_reduce(0, parts);
    reducer.wait_reduce(0);
    reducer.finish();
  }
  // The direction that has been forgotten is found again, and what that has cost comes back.
  std::vector<double> applied(static_cast<std::size_t>(rows * columns));
  for (int step = 0; step < 4; ++step) {
    found = steps.sum(0, 2);
    for (std::size_t i = 0; i < applied.size(); ++i) applied[i] += static_cast<double>(found[i]);
  }
  for (std::size_t i = 0; i < applied.size(); ++i)
    ASSERT_NEAR(applied[i], 4 * exact(0, static_cast<Index>(i), 2), 1e-3) << i;
}

TEST(PowerSgdReducer, resumes_with_the_same_bits) {
  const auto world = Communicator::world();
  const SharedFolder folder(world);
  const std::string path = folder.file("checkpoint.h5");
  Steps steps(world, 2);
  for (Index step = 0; step < 2; ++step) steps.sum(step);
  const auto tensors = stored_tensors(steps.layout());
  std::vector<float> model(static_cast<std::size_t>(steps.layout().size()));
  std::vector<StoredArena> arenas{
      {"/model", tensors, {{0, steps.layout().size()}}, {model.data()}}};
  for (StoredArena& arena : steps.reducer().stored(tensors)) arenas.push_back(std::move(arena));
  EXPECT_EQ(arenas.size(), 3U);
  write_state_file(world, path, {}, arenas);
  const std::vector<float> expected = steps.sum(2);
  Steps resumed(world, 2);
  resumed.reducer().load(open_state_file(path));
  EXPECT_EQ(resumed.sum(2), expected);
  Steps alone(Communicator::self(), 2);
  alone.reducer().load(open_state_file(path));
  EXPECT_EQ(alone.sum(2), expected) << "on one rank";
  EXPECT_GT(resumed.reducer().bytes(), 0);
}

}  // namespace
}  // namespace hourglass
