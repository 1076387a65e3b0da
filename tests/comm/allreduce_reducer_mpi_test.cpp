#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "comm/leaf_gradients.hpp"
#include "comm/reducer.hpp"
#include "core/buffer.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

void expect_close_to_sum(std::span<const float> sum, Index step, Index leaves) {
  for (std::size_t i = 0; i < sum.size(); ++i) {
    double expected = 0;
    double magnitude = 0;
    for (Index leaf = 0; leaf < leaves; ++leaf) {
      const double value = leaf_gradient(step, leaf, static_cast<Index>(i));
      expected += value;
      magnitude += std::abs(value);
    }
    ASSERT_NEAR(sum[i], expected, 1e-6 * magnitude) << "float " << i;
  }
}

TEST(AllreduceReducer, sums_on_all_ranks_alike) {
  const Communicator world = Communicator::world();
  for (const Index leaves : {1, 4, 7, 16}) {
    for (const Index bucket_bytes : {256, 1280, 1 << 20}) {
      const Index floats = 23 * cell_floats;
      Buffer<float> sum(floats);
      Buffer<float> parameters(floats);
      const auto nodes = maximal_nodes(even_part(leaves, world.size(), world.rank()), leaves);
      std::vector<Buffer<float>> memory;
      for (std::size_t n = 0; n < nodes.size(); ++n) memory.emplace_back(floats);
      const auto reducer =
          make_allreduce_reducer(world, {leaves, bucket_bytes, sum.span(), parameters.span()});
      const auto count = static_cast<Index>(reducer->buckets().size());
      for (Index step = 0; step < 3; ++step) {
        // In place: no part, the first, the second (if there is one).
        const auto data_of = [&](std::size_t n) {
          return static_cast<Index>(n) == step - 1 ? sum.data() : memory[n].data();
        };
        for (std::size_t n = 0; n < nodes.size(); ++n) {
          for (Index i = 0; i < floats; ++i) data_of(n)[i] = reference_sum(step, nodes[n], i);
        }
        for (Index b = 0; b < count; ++b) {
          const Range bucket = reducer->buckets()[static_cast<std::size_t>(b)];
          EXPECT_EQ(reducer->owned(b), bucket);
          std::vector<BucketPart> parts;
          for (std::size_t n = 0; n < nodes.size(); ++n)
            parts.push_back({nodes[n], data_of(n) + bucket.begin});
          reducer->start_reduce(b, parts);
          reducer->progress();
        }
        for (Index b = 0; b < count; ++b) {
          reducer->wait_reduce(b);
          reducer->start_gather(b);
        }
        reducer->finish();
        expect_close_to_sum(sum.span(), step, leaves);
        std::string bits(static_cast<std::size_t>(floats) * sizeof(float), '\0');
        std::memcpy(bits.data(), sum.data(), bits.size());
        EXPECT_EQ(world.broadcast(bits), bits) << "ranks differ";
      }
    }
  }
}

TEST(AllreduceReducer, calls_out_of_order_are_bugs) {
  const Communicator world = Communicator::world();
  Buffer<float> sum(cell_floats);
  Buffer<float> parameters(cell_floats);
  const auto reducer = make_allreduce_reducer(world, {8, 256, sum.span(), parameters.span()});
  EXPECT_THROW(reducer->wait_reduce(0), Error);
  EXPECT_THROW((void)make_allreduce_reducer(world, {8, 256, sum.span(), {}}), Error);
}

}  // namespace
}  // namespace hourglass
