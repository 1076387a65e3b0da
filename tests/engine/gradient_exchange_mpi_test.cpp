#include "engine/gradient_exchange.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "core/tree_sum.hpp"
#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

constexpr Index floats = 5 * cell_floats;
constexpr Index leaves = 8;

// Leaf l contributes (l + 1) * i to float i, in numbers that single precision adds exactly.
float leaf_value(Index leaf, Index i) { return static_cast<float>((leaf + 1) * (i % 512)); }
float total_value(Index i) { return static_cast<float>(leaves * (leaves + 1) / 2 * (i % 512)); }

class GradientExchangeTest : public testing::Test {
 protected:
  std::unique_ptr<GradientExchange> make(Reduction reduction = Reduction::tree) {
    return std::make_unique<GradientExchange>(
        world_, parameters_.span(),
        GradientExchangeSettings{reduction, leaves, 2 * cell_floats * 4});
  }

  // This rank's nodes, the first of them in the exchange's own arena.
  void make_local_sums(GradientExchange& exchange) {
    sums_.clear();
    nodes_ = maximal_nodes(even_part(leaves, world_.size(), world_.rank()), leaves);
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      sums_.emplace_back(floats);
      float* sum = n == 0 ? exchange.scratch().data() : sums_[n].data();
      for (Index i = 0; i < floats; ++i) {
        sum[i] = 0;
        for (Index leaf = nodes_[n].begin; leaf < nodes_[n].end; ++leaf)
          sum[i] += leaf_value(leaf, i);
      }
    }
  }

  void start(GradientExchange& exchange, Index bucket) {
    std::vector<BucketPart> parts;
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      const float* sum = n == 0 ? exchange.scratch().data() : sums_[n].data();
      parts.push_back(
          {nodes_[n], sum + exchange.buckets()[static_cast<std::size_t>(bucket)].begin});
    }
    exchange.start(bucket, parts);
  }

  void start_all(GradientExchange& exchange) {
    make_local_sums(exchange);
    for (std::size_t b = 0; b < exchange.buckets().size(); ++b)
      start(exchange, static_cast<Index>(b));
  }

  Communicator world_ = Communicator::world();
  Buffer<float> parameters_{floats};
  std::vector<Buffer<float>> sums_;
  std::vector<Range> nodes_;
};

TEST_F(GradientExchangeTest, step_updates_every_parameter_once) {
  for (const Reduction reduction : {Reduction::tree, Reduction::allreduce}) {
    std::ranges::fill(parameters_.span(), 1.0F);
    const auto exchange = make(reduction);
    EXPECT_EQ(exchange->is_replicated(), reduction == Reduction::allreduce);
    for (int step = 1; step <= 3; ++step) {
      start_all(*exchange);
      exchange->progress();
      exchange->update_parameters([&](Index bucket, std::span<const float> gradient) {
        const Range owned = exchange->owned()[static_cast<std::size_t>(bucket)];
        for (Index i = owned.begin; i < owned.end; ++i) {
          EXPECT_EQ(gradient[static_cast<std::size_t>(i)], total_value(i));
          parameters_[i] += gradient[static_cast<std::size_t>(i)];
        }
      });
      for (Index i = 0; i < floats; ++i)
        ASSERT_EQ(parameters_[i], 1.0F + static_cast<float>(step) * total_value(i));
    }
  }
}

TEST_F(GradientExchangeTest, reading_leaves_the_parameters) {
  const auto exchange = make();
  for (int step = 0; step < 2; ++step) {
    start_all(*exchange);
    Index read = 0;
    exchange->read_gradient([&](Index bucket, std::span<const float> gradient) {
      const Range owned = exchange->owned()[static_cast<std::size_t>(bucket)];
      for (Index i = owned.begin; i < owned.end; ++i, ++read)
        EXPECT_EQ(gradient[static_cast<std::size_t>(i)], total_value(i));
    });
    EXPECT_EQ(read, exchange->owned_floats());
    for (const float value : parameters_.span()) EXPECT_EQ(value, 0.0F);
  }
}

TEST_F(GradientExchangeTest, norm_is_that_of_the_whole_gradient) {
  double squares = 0;
  for (Index i = 0; i < floats; ++i) squares += std::pow(total_value(i), 2);
  for (const Reduction reduction : {Reduction::tree, Reduction::allreduce}) {
    const auto exchange = make(reduction);
    start_all(*exchange);
    EXPECT_DOUBLE_EQ(exchange->norm(), std::sqrt(squares));
    EXPECT_DOUBLE_EQ(exchange->norm(), std::sqrt(squares)) << "asked again";
    exchange->read_gradient([](Index, std::span<const float>) {});
  }
}

TEST_F(GradientExchangeTest, wait_completes_the_gradient_of_all_buckets) {
  const auto exchange = make();
  start_all(*exchange);
  exchange->wait();
  const std::span<const float> gradient = exchange->gradient();
  for (const Range& owned : exchange->owned()) {
    for (Index i = owned.begin; i < owned.end; ++i)
      EXPECT_EQ(gradient[static_cast<std::size_t>(i)], total_value(i));
  }
  exchange->update_parameters([](Index, std::span<const float>) {});
}

TEST_F(GradientExchangeTest, wait_for_drives_the_exchange) {
  const auto exchange = make();
  start_all(*exchange);
  std::vector<std::int64_t> words = {world_.rank()};
  Request request = world_.iallreduce_sum(words);
  exchange->wait_for(request);
  EXPECT_EQ(words[0], world_.size() * (world_.size() - 1) / 2);
  exchange->read_gradient([](Index, std::span<const float>) {});
  EXPECT_GE(exchange->take_waited_seconds(), 0.0);
  EXPECT_EQ(exchange->take_waited_seconds(), 0.0);
}

TEST_F(GradientExchangeTest, calls_out_of_order_are_bugs) {
  const auto ignore = [](Index, std::span<const float>) {};
  const auto exchange = make();
  ASSERT_GE(exchange->buckets().size(), 2U);
  make_local_sums(*exchange);
  const auto expect_bug = [](const std::string& part, const std::function<void()>& action) {
    expect_error(ErrorKind::bug, part, action);
  };
  expect_bug("not started", [&] { exchange->wait(); });
  expect_bug("not started", [&] { (void)exchange->norm(); });
  expect_bug("not started", [&] { exchange->update_parameters(ignore); });
  expect_bug("not started", [&] { exchange->read_gradient(ignore); });
  expect_bug("incomplete", [&] { (void)exchange->gradient(); });
  expect_bug("out of order", [&] { start(*exchange, 1); });
  start(*exchange, 0);
  expect_bug("out of order", [&] { start(*exchange, 0); });
  expect_bug("not started", [&] { exchange->wait(); });
  for (std::size_t b = 1; b < exchange->buckets().size(); ++b)
    start(*exchange, static_cast<Index>(b));
  expect_bug("incomplete", [&] { (void)exchange->gradient(); });
  expect_bug("out of order", [&] { start(*exchange, static_cast<Index>(nodes_.size())); });
  exchange->wait();
  expect_bug("out of order", [&] { start(*exchange, 0); });
  exchange->read_gradient(ignore);
  expect_bug("not started", [&] { exchange->read_gradient(ignore); });
  expect_bug("incomplete", [&] { (void)exchange->gradient(); });
  // None of this has harmed the exchange.
  start_all(*exchange);
  exchange->update_parameters(ignore);
}

TEST_F(GradientExchangeTest, owners_complete_an_arena_and_a_sum) {
  for (const Reduction reduction : {Reduction::tree, Reduction::allreduce}) {
    const auto exchange = make(reduction);
    Buffer<float> arena(floats);
    ExactSum sum;
    for (const Range& owned : exchange->owned()) {
      for (Index i = owned.begin; i < owned.end; ++i) {
        arena[i] = i % 2 == 0 ? -0.0F : static_cast<float>(i);
        sum.add(static_cast<double>(i));
      }
    }
    exchange->all_gather(arena.span());
    exchange->sum_over_owners({&sum, 1});
    for (Index i = 0; i < floats; ++i) {
      ASSERT_EQ(arena[i], i % 2 == 0 ? 0.0F : static_cast<float>(i));
      ASSERT_EQ(std::signbit(arena[i]), i % 2 == 0);
    }
    EXPECT_EQ(sum.value(), static_cast<double>(floats * (floats - 1) / 2));
  }
}

TEST_F(GradientExchangeTest, may_be_abandoned_in_the_middle_of_a_step) {
  {
    const auto exchange = make();
    start_all(*exchange);
    // Messages for a communicator that is gone are beyond Open MPI.
    world_.barrier();
  }
  const auto exchange = make();
  start_all(*exchange);
  exchange->update_parameters([](Index, std::span<const float>) {});
}

}  // namespace
}  // namespace hourglass
