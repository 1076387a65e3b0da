#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "comm/leaf_gradients.hpp"
#include "comm/reducer.hpp"
#include "core/buffer.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {
namespace {

// Rows of 100 floats, which share cells, of 64 and of 1, with dense cells around them.
constexpr Index units = 40;
const std::vector<UnitRows> tensors = {{64, 100}, {64 + 4032, 1}, {64 + 4032 + 64, 64}};
constexpr Index floats = 64 + 4032 + 64 + units * 64 + 64;

bool uses(Index step, Index leaf, Index unit) {
  return step > 0 && (unit * 7 + leaf * 13 + step * 5) % (6 + 5 * step) == 0;
}

// Steps whose leaves have a gradient in the rows of the units that they use.
class Trial {
 public:
  Trial(const Communicator& communicator, Index leaves, Wire wire, bool packs)
      : leaves_(leaves),
        nodes_(maximal_nodes(even_part(leaves, communicator.size(), communicator.rank()), leaves)),
        sum_(floats),
        parameters_(floats),
        rows_(tensors, units),
        packs_(packs) {
    ReducerSettings settings{leaves, 2048, sum_.span(), parameters_.span(), wire};
    settings.packs = packs;
    reducer_ = make_tree_reducer(communicator, settings);
    for (std::size_t n = 0; n < nodes_.size(); ++n) sums_.emplace_back(floats);
    wire_ = wire;
  }

  void run(Index step) {
    rows_.clear();
    for (Index leaf = 0; leaf < leaves_; ++leaf) {
      for (Index u = 0; u < units; ++u) {
        if (uses(step, leaf, u)) rows_.add(u);
      }
    }
    std::fill_n(sum_.data(), floats, 0.0F);
    for (std::size_t n = 0; n < nodes_.size(); ++n) compute(step, nodes_[n], memory_of(n));
    if (packs_) reducer_->carry_in_reduce(&rows_);
    const auto buckets = reducer_->buckets();
    for (std::size_t b = 0; b < buckets.size(); ++b) {
      std::vector<BucketPart> parts;
      for (std::size_t n = 0; n < nodes_.size(); ++n)
        parts.push_back({nodes_[n], memory_of(n) + buckets[b].begin});
      reducer_->start_reduce(static_cast<Index>(b), parts);
    }
    if (packs_) reducer_->carry_in_gather(&rows_);
    for (std::size_t b = 0; b < buckets.size(); ++b) {
      const auto bucket = static_cast<Index>(b);
      reducer_->wait_reduce(bucket);
      update(reducer_->owned(bucket));
      reducer_->start_gather(bucket);
    }
    reducer_->finish();
  }

  [[nodiscard]] std::span<const float> parameters() const { return parameters_.span(); }
  [[nodiscard]] Index sent_bytes() const { return reducer_->sent_bytes(); }

 private:
  // The node's sum by the definition of the tree, encoded as the wire's.
  void compute(Index step, Range node, float* to) {
    std::vector<std::vector<float>> leaves;
    std::vector<PartialSum> parts;
    for (Index leaf = node.begin; leaf < node.end; ++leaf) {
      auto& values = leaves.emplace_back(static_cast<std::size_t>(floats), 0.0F);
      for (Index i = 0; i < floats; ++i) {
        bool used = true;
        for (const UnitRows& tensor : tensors) {
          if (i >= tensor.offset && i < tensor.offset + round_up(units * tensor.width, 64))
            used = i < tensor.offset + units * tensor.width &&
                   uses(step, leaf, (i - tensor.offset) / tensor.width);
        }
        if (used) values[static_cast<std::size_t>(i)] = leaf_gradient(step, leaf, i);
      }
    }
    for (Index leaf = node.begin; leaf < node.end; ++leaf)
      parts.push_back(
          {{leaf, leaf + 1}, leaves[static_cast<std::size_t>(leaf - node.begin)].data()});
    tree_sum(node, parts, to, floats, wire_);
  }

  // Adds the sum to the parameters where it is not 0.
  void update(Range owned) {
    for (Index cell = owned.begin; cell < owned.end; cell += cell_floats) {
      std::vector<float> increment(sum_.data() + cell, sum_.data() + cell + cell_floats);
      if (wire_ != Wire::fp32) {
        WireWord* const words = reducer_->increments().data() + wire_words(wire_, cell);
        encode(wire_, increment.data(), cell_floats, words);
        decode(wire_, words, cell_floats, increment.data());
      }
      for (Index i = 0; i < cell_floats; ++i)
        parameters_[cell + i] += increment[static_cast<std::size_t>(i)];
    }
  }

  float* memory_of(std::size_t node) { return node == 0 ? sum_.data() : sums_[node].data(); }

  Index leaves_;
  std::vector<Range> nodes_;
  Buffer<float> sum_;
  Buffer<float> parameters_;
  ActiveRows rows_;
  bool packs_;
  Wire wire_ = Wire::fp32;
  std::vector<Buffer<float>> sums_;
  std::unique_ptr<Reducer> reducer_;
};

TEST(CarryInReduce, has_the_bits_of_the_whole_one_and_sends_less) {
  const Communicator world = Communicator::world();
  for (const Wire wire : {Wire::fp32, Wire::bf16, Wire::int8}) {
    for (const Index leaves : {4, 5, 8, 13}) {
      Trial whole(world, leaves, wire, false);
      Trial packed(world, leaves, wire, true);
      for (Index step = 0; step < 4; ++step) {
        whole.run(step);
        packed.run(step);
        ASSERT_EQ(std::memcmp(whole.parameters().data(), packed.parameters().data(),
                              whole.parameters().size_bytes()),
                  0)
            << leaves << " leaves, step " << step;
      }
      // A rank without leaves has nothing to send.
      if (world.size() > 1 && leaves >= world.size()) {
        EXPECT_GT(packed.sent_bytes(), 0);
        EXPECT_LT(packed.sent_bytes(), whole.sent_bytes() * 3 / 4);
      }
    }
  }
}

}  // namespace
}  // namespace hourglass
