#include "math/row_product.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "math/blas.hpp"

namespace hourglass {
namespace {

std::vector<float> numbers(Index count, double step) {
  std::vector<float> values;
  for (Index i = 0; i < count; ++i)
    values.push_back(static_cast<float>(std::sin(step * static_cast<double>(i + 1))));
  return values;
}

// As the header describes it, one output.
float summed(const float* x, const float* weight, Index inputs, Index block) {
  float total = 0;
  for (Index begin = 0; begin < inputs;) {
    const Index rest = inputs - begin;
    Index size = rest;
    if (rest >= 2 * block) {
      size = block;
    } else if (rest > block) {
      size = (rest / 2 + 15) / 16 * 16;
    }
    float sum = 0;
    for (Index k = begin; k < begin + size; ++k) sum = std::fma(x[k], weight[k], sum);
    total += sum;
    begin += size;
  }
  return total;
}

TEST(RowProduct, adds_blocks_of_inputs_in_their_order) {
  for (const Index inputs : {1, 31, 32, 33, 64, 75, 200}) {
    for (const Index outputs : {1, 15, 16, 17, 33, 64, 65, 130}) {
      const std::vector<float> weight = numbers(outputs * inputs, 0.7);
      std::vector<float> transposed(weight.size());
      for (Index j = 0; j < outputs; ++j) {
        for (Index k = 0; k < inputs; ++k)
          transposed[static_cast<std::size_t>(k * outputs + j)] =
              weight[static_cast<std::size_t>(j * inputs + k)];
      }
      constexpr Index block = 32;
      const RowProduct product({weight.data(), outputs, inputs}, false, block);
      const RowProduct mirrored({transposed.data(), inputs, outputs}, true, block);
      EXPECT_EQ(product.inputs(), inputs);
      EXPECT_EQ(mirrored.outputs(), outputs);
      constexpr Index rows = 6;
      const std::vector<float> x = numbers(rows * inputs, 1.3);
      std::vector<float> y(static_cast<std::size_t>(rows * outputs));
      std::vector<float> of_mirrored(y.size());
      product.multiply({x.data(), rows, inputs}, {y.data(), rows, outputs});
      mirrored.multiply({x.data(), rows, inputs}, {of_mirrored.data(), rows, outputs});
      for (Index r = 0; r < rows; ++r) {
        for (Index j = 0; j < outputs; ++j) {
          ASSERT_EQ(y[static_cast<std::size_t>(r * outputs + j)],
                    summed(x.data() + r * inputs, weight.data() + j * inputs, inputs, block))
              << inputs << " inputs, output " << j << " of " << outputs;
        }
      }
      EXPECT_EQ(of_mirrored, y);
    }
  }
}

TEST(RowProduct, agrees_with_the_product_of_a_library) {
  constexpr Index inputs = 784;
  constexpr Index outputs = 50;
  const std::vector<float> weight = numbers(outputs * inputs, 0.7);
  const std::vector<float> x = numbers(inputs, 1.3);
  std::vector<float> expected(outputs);
  gemm(false, true, {x.data(), 1, inputs}, {weight.data(), outputs, inputs}, 0,
       {expected.data(), 1, outputs});
  for (const Index block : RowProduct::blocks) {
    std::vector<float> y(outputs);
    RowProduct({weight.data(), outputs, inputs}, false, block)
        .multiply({x.data(), 1, inputs}, {y.data(), 1, outputs});
    for (std::size_t j = 0; j < y.size(); ++j) EXPECT_NEAR(y[j], expected[j], 1e-4F);
  }
}

}  // namespace
}  // namespace hourglass
