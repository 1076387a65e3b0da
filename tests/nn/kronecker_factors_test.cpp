// Factors against loops in double, over samples and over the positions of convolutions.
#include "nn/kronecker_factors.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "core/buffer.hpp"
#include "nn/convolution_trial.hpp"
#include "nn/dense.hpp"

namespace hourglass {
namespace {

constexpr Index batch = 10;

// rows^T rows * factor of the block's units.
void expect_factor(const FactorLayout& layout, const FactorLayout::Block& block,
                   const Buffer<float>& sums, const std::vector<std::vector<double>>& rows,
                   double factor) {
  const float* at = sums.data() + layout.layout().tensor(block.slot).offset;
  for (Index i = block.units.begin; i < block.units.end; ++i) {
    for (Index j = block.units.begin; j < block.units.end; ++j) {
      double sum = 0;
      for (const auto& row : rows)
        sum += (j < i ? 0 : 1) * factor * row[static_cast<std::size_t>(i)] *
               row[static_cast<std::size_t>(j)];
      ASSERT_NEAR(*at++, sum, 1e-4 * std::max(1.0, std::fabs(sum))) << i << " " << j;
    }
  }
}

std::vector<std::vector<double>> rows_of(ConstMatrix m) {
  std::vector<std::vector<double>> rows;
  for (Index r = 0; r < m.rows; ++r) rows.emplace_back(m.row(r).begin(), m.row(r).end());
  return rows;
}

TEST(KroneckerFactors, sides_are_divided_as_blocks_of_the_weight) {
  EXPECT_EQ(block_parts(7, 0), 1);
  EXPECT_EQ(block_parts(7, 7), 1);
  EXPECT_EQ(block_parts(7, 3), 3);
  FactorLayout layout;
  layout.add(2, "a", 7, 3, 3);
  ASSERT_NE(layout.find(2), nullptr);
  EXPECT_EQ(layout.find(1), nullptr);
  EXPECT_EQ(layout.find(3), nullptr);
  const FactorLayout::Factors& factors = *layout.find(2);
  EXPECT_EQ(factors.right.size(), 1U);
  Index end = 0;
  for (const FactorLayout::Block& block : factors.left) {
    EXPECT_EQ(block.units.begin, end);
    EXPECT_EQ(layout.layout().tensor(block.slot).size, block.units.size() * block.units.size());
    end = block.units.end;
  }
  EXPECT_EQ(end, 7);
}

TEST(KroneckerFactors, of_a_dense_layer_are_means_over_samples) {
  constexpr Index rows = 4;
  Layout parameters_layout;
  Dense layer(parameters_layout, "layer", 6, 5, Activation::linear);
  Buffer<float> x(rows * 6);
  Buffer<float> dz(rows * 5);
  for (Index i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 7) - 2.5F;
  for (Index i = 0; i < dz.size(); ++i) dz[i] = 0.1F * static_cast<float>(i % 5) - 0.15F;
  FactorLayout layout;
  layout.add(0, "layer", 5, 6, 3);
  Buffer<float> sums(layout.size());
  const PassContext context{.batch_samples = batch, .factors = &layout, .factor_sums = sums.data()};
  const ConstMatrix inputs(x.data(), rows, 6);
  const ConstMatrix gradients(dz.data(), rows, 5);
  layer.sum_factors(inputs, gradients, {}, context);
  for (const FactorLayout::Block& block : layout.find(0)->right)
    expect_factor(layout, block, sums, rows_of(inputs), 1.0 / batch);
  for (const FactorLayout::Block& block : layout.find(0)->left)
    expect_factor(layout, block, sums, rows_of(gradients), batch);
}

// The patch of every position, in the order of the stored weight, from the definition: what the
// position's output depends on with a weight that picks one element.
std::vector<std::vector<double>> patches_of(convolution_test::Trial& trial, ConstMatrix large) {
  using namespace convolution_test;
  const bool transposed = trial.list[1].kind == LayerSpec::Kind::transposed_convolution;
  const ImageShape& small = trial.shapes[transposed ? 0 : 1].image;
  const ImageShape& image = trial.shapes[transposed ? 1 : 0].image;
  LayerSpec layer = trial.list[1];
  layer.kind = LayerSpec::Kind::convolution;
  ImageShape one = small;
  one.channels = 1;
  const Index patch = trial.layout.tensor(0).size / small.channels;
  std::vector<std::vector<double>> rows(static_cast<std::size_t>(large.rows * small.places()),
                                        std::vector<double>(static_cast<std::size_t>(patch)));
  for (Index e = 0; e < patch; ++e) {
    Vector weight(static_cast<std::size_t>(patch));
    weight[static_cast<std::size_t>(e)] = 1;
    for (Index r = 0; r < large.rows; ++r) {
      const auto z =
          direct(layer, image, one, weight, {0}, Vector(large.row(r).begin(), large.row(r).end()));
      for (Index p = 0; p < small.places(); ++p) {
        rows[static_cast<std::size_t>(r * small.places() + p)][static_cast<std::size_t>(e)] =
            z[static_cast<std::size_t>(p)];
      }
    }
  }
  return rows;
}

TEST(KroneckerFactors, of_convolutions_are_sums_over_positions) {
  using namespace convolution_test;
  for (const Case& test : {Case{"5x4x3,conv:2x3", Activation::linear},
                           Case{"6x7x2,conv:4x2x3s3x2p1x2", Activation::linear},
                           Case{"3x2x4,tconv:2x2x3s3x2p1x2o2x1", Activation::linear},
                           Case{"4x3x5x2,conv3d:2x3", Activation::linear},
                           Case{"2500x2,conv1d:3x4s3", Activation::linear}}) {
    Trial trial(test);
    const bool transposed = trial.list[1].kind == LayerSpec::Kind::transposed_convolution;
    trial.backward();
    const ConstMatrix dz(trial.dy.data(), trial.rows, trial.shapes[1].units);
    const Index channels = trial.shapes[transposed ? 0 : 1].image.channels;
    FactorLayout layout;
    layout.add(0, "layer", channels, trial.layout.tensor(0).size / channels, 0);
    Buffer<float> sums(layout.size());
    PassContext context = trial.context;
    context.batch_samples = batch;
    context.factors = &layout;
    context.factor_sums = sums.data();
    trial.layer.sum_factors(trial.in(), dz, trial.scratch.span(), context);
    const ConstMatrix small = transposed ? trial.in() : dz;
    const double of_inputs = 1.0 / batch;
    expect_factor(layout, layout.find(0)->left.front(), sums,
                  rows_of({small.data, small.rows * small.columns / channels, channels}),
                  transposed ? of_inputs : batch);
    expect_factor(layout, layout.find(0)->right.front(), sums,
                  patches_of(trial, transposed ? dz : trial.in()), transposed ? batch : of_inputs);
  }
}

}  // namespace
}  // namespace hourglass
