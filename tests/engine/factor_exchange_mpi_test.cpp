#include "engine/factor_exchange.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "core/tree_sum.hpp"

namespace hourglass {
namespace {

constexpr Index leaves = 7;

class FactorExchangeTest : public testing::Test {
 protected:
  // A weight of 9 x 30 in bands of 4 and 5 rows, which share the right factor, and one of 4 x 4.
  FactorExchangeTest() {
    layout_.add(0, "a", 9, 30, 5);
    layout_.add(2, "b", 4, 4, 5);
  }
  // The factors of one leaf: numbers whose sum depends on its order.
  std::vector<float> leaf(Index number) const {
    std::vector<float> values(static_cast<std::size_t>(layout_.size()));
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] =
          1.0F / static_cast<float>(1 + (i * 37 + static_cast<std::size_t>(number) * 101) % 1009);
    }
    return values;
  }
  std::vector<float> node(Range range) const {
    std::vector<std::vector<float>> values;
    std::vector<PartialSum> parts;
    for (Index l = range.begin; l < range.end; ++l) values.push_back(leaf(l));
    for (Index l = range.begin; l < range.end; ++l)
      parts.push_back({{l, l + 1}, values[static_cast<std::size_t>(l - range.begin)].data()});
    std::vector<float> sum(values.front().size());
    tree_sum(range, parts, sum.data(), layout_.size());
    return sum;
  }
  void expect(ConstMatrix factor, const FactorLayout::Block& block,
              const std::vector<float>& sum) const {
    const Tensor& tensor = layout_.layout().tensor(block.slot);
    ASSERT_EQ(factor.rows * factor.columns, tensor.size);
    for (Index i = 0; i < tensor.size; ++i)
      ASSERT_EQ(factor.data[i], sum[static_cast<std::size_t>(tensor.offset + i)]);
  }

  Communicator world_ = Communicator::world();
  FactorLayout layout_;
};

TEST(FactorSteps, begin_anew_in_each_epoch_and_are_counted) {
  for (const FactorSteps& steps : {FactorSteps{3, 0}, {3, 5}, {3, 6}, {2, 1}, {1, 4}}) {
    Index count = 0;
    for (Index step = 1; step <= 20; ++step) {
      const Index in_epoch = steps.per_epoch == 0 ? step - 1 : (step - 1) % steps.per_epoch;
      EXPECT_EQ(steps.is_due(in_epoch), in_epoch % steps.interval == 0);
      count += steps.is_due(in_epoch) ? 1 : 0;
      EXPECT_EQ(steps.count(step), count)
          << steps.interval << " " << steps.per_epoch << " " << step;
    }
  }
}

TEST_F(FactorExchangeTest, owners_of_a_weight_receive_the_tree_sum_of_its_factors) {
  const int last = world_.size() - 1;
  const std::vector<MatrixBand> bands = {
      {0, even_part(9, 2, 0), {}, last}, {0, even_part(9, 2, 1), {}, 0}, {2, {0, 4}, {}, last}};
  FactorExchange exchange(world_, layout_, {3, 0}, leaves, 512);
  exchange.plan_receivers(bands);
  const std::vector<float> all = node({0, leaves});
  const Range own = even_part(leaves, world_.size(), world_.rank());
  for (int step = 0; step < 2; ++step) {
    std::vector<std::vector<float>> sums;
    std::vector<BucketPart> parts;
    for (const Range& range : maximal_nodes(own, leaves)) sums.push_back(node(range));
    for (std::size_t n = 0; n < sums.size(); ++n)
      parts.push_back({maximal_nodes(own, leaves)[n], sums[n].data()});
    exchange.set_sums(parts);
    exchange.reduce();
    for (const MatrixBand& band : bands) {
      if (band.rank != world_.rank()) continue;
      const FactorLayout::Factors& factors = *layout_.find(band.slot);
      const Index left = band.rows.begin > 0 ? 1 : 0;
      for (std::size_t right = 0; right < factors.right.size(); ++right) {
        const auto [l, r] = exchange.factors(band.slot, left, static_cast<Index>(right));
        expect(l, factors.left[static_cast<std::size_t>(left)], all);
        expect(r, factors.right[right], all);
      }
    }
    EXPECT_TRUE(exchange.has_sums());
    exchange.clear();
    EXPECT_FALSE(exchange.has_sums());
  }
}

}  // namespace
}  // namespace hourglass
