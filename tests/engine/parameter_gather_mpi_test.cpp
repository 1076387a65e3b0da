#include "engine/parameter_gather.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>
#include <vector>

#include "core/buffer.hpp"
#include "core/tree_sum.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {
namespace {

constexpr Index floats = 12 * cell_floats;
constexpr Index leaves = 8;

class ParameterGatherTest : public testing::Test {
 protected:
  // What this rank owns of every bucket becomes `value`; the gather is started.
  void update(ParameterGather& gather, float value) {
    const auto nodes = maximal_nodes(even_part(leaves, world_.size(), world_.rank()), leaves);
    std::vector<BucketPart> parts;
    for (Index b = 0; b < count(); ++b) {
      parts.clear();
      for (const Range& node : nodes) parts.push_back({node, zeros_.data()});
      reducer_->start_reduce(b, parts);
    }
    for (Index b = 0; b < count(); ++b) {
      reducer_->wait_reduce(b);
      const Range owned = reducer_->owned(b);
      std::fill_n(parameters_.data() + owned.begin, owned.size(), value);
    }
    reducer_->finish_reduce();
    gather.start();
  }
  void expect(Range range, float value) {
    for (Index i = range.begin; i < range.end; ++i) ASSERT_EQ(parameters_[i], value) << i;
  }
  [[nodiscard]] Index count() const { return static_cast<Index>(reducer_->buckets().size()); }

  Communicator world_ = Communicator::world();
  Buffer<float> zeros_{floats};
  Buffer<float> sum_{floats};
  Buffer<float> parameters_{floats};
  std::unique_ptr<Reducer> reducer_ = make_tree_reducer(
      world_,
      {leaves, 2 * cell_floats * 4, sum_.span(), parameters_.span(), Wire::fp32, 3 * cell_floats});
};

TEST_F(ParameterGatherTest, waits_for_one_layer_after_the_other) {
  ParameterGather gather(*reducer_, nullptr);
  EXPECT_FALSE(gather.is_pending());
  gather.wait_for({0, floats});
  for (int step = 1; step <= 3; ++step) {
    const auto value = static_cast<float>(step);
    update(gather, value);
    for (Index end = 0; end < floats; end += 2 * cell_floats) {
      const Range layer{end, end + 2 * cell_floats};
      gather.wait_for(layer);
      expect({0, layer.end}, value);
    }
    EXPECT_FALSE(gather.is_pending());
  }
  EXPECT_GE(gather.waited_seconds(), 0.0);
}

TEST_F(ParameterGatherTest, other_threads_wait_for_what_the_main_thread_receives) {
  ParameterGather gather(*reducer_, nullptr);
  update(gather, 5);
  std::vector<float> seen;
  std::thread worker([&] {
    gather.wait_for({0, cell_floats});
    seen.push_back(parameters_[0]);
    gather.wait_for({floats - cell_floats, floats});
    seen.push_back(parameters_[floats - 1]);
  });
  while (gather.is_pending()) {
    reducer_->progress();
    gather.publish();
  }
  worker.join();
  EXPECT_EQ(seen, (std::vector<float>{5, 5}));
}

TEST_F(ParameterGatherTest, finish_completes_everything) {
  ParameterGather gather(*reducer_, nullptr);
  update(gather, 2);
  gather.finish();
  expect({0, floats}, 2);
  gather.finish();
  update(gather, 3);
  gather.wait_for({0, cell_floats});
  gather.finish();
  expect({0, floats}, 3);
}

}  // namespace
}  // namespace hourglass
