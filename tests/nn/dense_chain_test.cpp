#include "nn/dense_chain.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "nn/dense.hpp"
#include "nn/gaussian_sample.hpp"
#include "nn/layer_norm.hpp"
#include "nn/noise.hpp"

namespace hourglass {
namespace {

constexpr Index rows = 5;
constexpr Index inputs = 40;

class DenseChainTest : public testing::Test {
 protected:
  // 40 -> 70 -> 12 -> 70 -> 40, the second half tied to the first.
  DenseChainTest() {
    auto first = std::make_unique<Dense>(layout_, "0", inputs, 70, Activation::tanh);
    auto second = std::make_unique<Dense>(layout_, "1", 70, 12, Activation::relu);
    auto third = std::make_unique<Dense>(layout_, "2", *second, Activation::gelu);
    auto fourth = std::make_unique<Dense>(layout_, "3", *first, Activation::linear);
    layers_.push_back(std::move(first));
    layers_.push_back(std::make_unique<NoiseLayer>(70, NoiseSpec{Noise::dropout, 0.5}, 0));
    layers_.push_back(std::move(second));
    layers_.push_back(std::move(third));
    layers_.push_back(std::move(fourth));
  }

  // The results of both ways agree.
  void expect_equal() {
    const Index end = static_cast<Index>(layers_.size());
    const Network network(std::move(layers_), layout_);
    Buffer<float> parameters(layout_.size());
    for (Index i = 0; i < parameters.size(); ++i)
      parameters[i] = 0.2F * std::sin(static_cast<float>(i));
    std::vector<float> x;
    for (Index i = 0; i < rows * inputs; ++i) x.push_back(std::cos(static_cast<float>(i)));
    const ConstMatrix samples(x.data(), rows, inputs);
    Workspace workspace = network.make_workspace(rows);
    const ConstMatrix expected =
        network.forward({0, end}, parameters.data(), samples, workspace, {});
    const auto chain = DenseChain::of(network, {0, end}, parameters.data(), 32);
    ASSERT_TRUE(chain);
    std::vector<float> memory(static_cast<std::size_t>(2 * rows * chain->widest()));
    const ConstMatrix found = chain->run(samples, memory);
    ASSERT_EQ(found.columns, expected.columns);
    for (Index r = 0; r < rows; ++r) {
      for (Index c = 0; c < found.columns; ++c)
        EXPECT_NEAR(found(r, c), expected(r, c), 1e-5F) << r << " " << c;
    }
  }

  Layout layout_;
  std::vector<std::unique_ptr<Layer>> layers_;
};

TEST_F(DenseChainTest, computes_what_the_layers_compute) { expect_equal(); }

TEST_F(DenseChainTest, keeps_the_mean_of_a_variational_code) {
  layers_.push_back(std::make_unique<GaussianSample>(inputs / 2));
  expect_equal();
}

TEST_F(DenseChainTest, is_of_dense_layers_only) {
  layers_.push_back(std::make_unique<LayerNorm>(layout_, "4", inputs, inputs));
  const Network network(std::move(layers_), layout_);
  Buffer<float> parameters(layout_.size());
  EXPECT_FALSE(DenseChain::of(network, {0, 6}, parameters.data(), 32));
  EXPECT_FALSE(DenseChain::of(network, {1, 2}, parameters.data(), 32)) << "noise alone";
  EXPECT_TRUE(DenseChain::of(network, {0, 5}, parameters.data(), 32));
}

}  // namespace
}  // namespace hourglass
