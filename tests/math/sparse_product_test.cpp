#include "math/sparse_product.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

// Rows with about one element in `rarity`, some rows without any.
SparseBatch random_rows(Index rows, Index width, int rarity) {
  SparseBatch batch;
  batch.clear(width);
  std::mt19937 engine(3);
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < width && r % 7 != 3; ++c) {
      if (engine() % static_cast<unsigned>(rarity) == 0)
        batch.add(c, 0.01F * static_cast<float>(engine() % 400) - 2.0F);
    }
    batch.end_row();
  }
  return batch;
}

std::vector<float> random_floats(Index count) {
  std::vector<float> values;
  std::mt19937 engine(4);
  for (Index i = 0; i < count; ++i)
    values.push_back(0.001F * static_cast<float>(engine() % 2000) - 1.0F);
  return values;
}

struct Shape {
  Index rows;
  Index outputs;
  Index inputs;
};
constexpr Shape shapes[] = {{1, 1, 1},   {3, 16, 64},  {5, 17, 65},   {7, 64, 130},
                            {4, 65, 63}, {130, 5, 70}, {1030, 3, 90}, {2, 130, 300}};

// The sums of the kernels, one after the other: the same bits.
TEST(SparseProduct, equals_sums_in_the_order_of_the_elements) {
  for (const auto& [rows, outputs, inputs] : shapes) {
    const SparseBatch batch = random_rows(rows, inputs, 5);
    const SparseRows x = batch.view();
    const std::vector<float> weight = random_floats(outputs * inputs);
    std::vector<float> y(static_cast<std::size_t>(rows * (outputs + 3)), 7.0F);
    multiply_sparse(x, {weight.data(), outputs, inputs}, {y.data(), rows, outputs, outputs + 3});
    for (Index r = 0; r < rows; ++r) {
      for (Index o = 0; o < outputs; ++o) {
        float sum = 0;
        for (std::size_t e = 0; e < x.columns_of(r).size(); ++e) {
          sum = std::fma(x.values_of(r)[e],
                         weight[static_cast<std::size_t>(o * inputs + x.columns_of(r)[e])], sum);
        }
        ASSERT_EQ(y[static_cast<std::size_t>(r * (outputs + 3) + o)], sum) << r << " " << o;
      }
      ASSERT_EQ(y[static_cast<std::size_t>(r * (outputs + 3) + outputs)], 7.0F);
    }
  }
}

TEST(SparseProduct, weight_gradient_equals_the_sums_over_rows) {
  for (const auto& [rows, outputs, inputs] : shapes) {
    const SparseBatch batch = random_rows(rows, inputs, 5);
    const SparseRows x = batch.view();
    const std::vector<float> dy = random_floats(rows * outputs);
    std::vector<double> expected(static_cast<std::size_t>(outputs * inputs));
    for (Index r = 0; r < rows; ++r) {
      for (std::size_t e = 0; e < x.columns_of(r).size(); ++e) {
        for (Index o = 0; o < outputs; ++o) {
          expected[static_cast<std::size_t>(o * inputs + x.columns_of(r)[e])] +=
              static_cast<double>(dy[static_cast<std::size_t>(r * outputs + o)]) *
              static_cast<double>(x.values_of(r)[e]);
        }
      }
    }
    std::vector<float> dw(expected.size(), 9.0F);
    const Matrix view(dw.data(), outputs, inputs);
    multiply_transposed_sparse({dy.data(), rows, outputs}, x, false, view);
    for (std::size_t i = 0; i < dw.size(); ++i) ASSERT_NEAR(dw[i], expected[i], 2e-4);
    const std::vector<float> first = dw;
    multiply_transposed_sparse({dy.data(), rows, outputs}, x, true, view);
    for (std::size_t i = 0; i < dw.size(); ++i) ASSERT_NEAR(dw[i], 2 * first[i], 4e-4);
  }
}

// More elements in a block of columns than are sorted at once, and a gradient that is written past
// the cache from rows that begin anywhere: the sums over the rows in their order, the same bits.
TEST(SparseProduct, weight_gradient_equals_sums_in_the_order_of_the_rows) {
  constexpr Shape in_order[] = {{200, 19, 700}, {9, 67, 16003}, {9, 67, 16000}};
  for (const auto& [rows, outputs, inputs] : in_order) {
    const SparseBatch batch = random_rows(rows, inputs, 5);
    const SparseRows x = batch.view();
    const std::vector<float> dy = random_floats(rows * outputs);
    std::vector<float> expected(static_cast<std::size_t>(outputs * inputs));
    for (Index r = 0; r < rows; ++r) {
      for (std::size_t e = 0; e < x.columns_of(r).size(); ++e) {
        for (Index o = 0; o < outputs; ++o) {
          float& sum = expected[static_cast<std::size_t>(o * inputs + x.columns_of(r)[e])];
          sum = std::fma(x.values_of(r)[e], dy[static_cast<std::size_t>(r * outputs + o)], sum);
        }
      }
    }
    // Rows with a gap behind them, that stays as it is.
    const Index stride = inputs + 5;
    std::vector<float> dw(static_cast<std::size_t>(outputs * stride), 9.0F);
    const Matrix view(dw.data(), outputs, inputs, stride);
    multiply_transposed_sparse({dy.data(), rows, outputs}, x, false, view);
    for (Index o = 0; o < outputs; ++o) {
      for (Index c = 0; c < stride; ++c) {
        const float wanted = c < inputs ? expected[static_cast<std::size_t>(o * inputs + c)] : 9.0F;
        ASSERT_EQ(dw[static_cast<std::size_t>(o * stride + c)], wanted) << o << " " << c;
      }
    }
  }
}

TEST(SparseProduct, no_rows_are_zeros) {
  SparseBatch batch;
  batch.clear(4);
  std::vector<float> dw(8, 3.0F);
  multiply_transposed_sparse({dw.data(), 0, 2}, batch.view(), false, {dw.data(), 2, 4});
  for (const float value : dw) EXPECT_EQ(value, 0.0F);
  multiply_sparse(batch.view(), {dw.data(), 2, 4}, {dw.data(), 0, 2});
}

TEST(SparseProduct, shapes_must_agree) {
  const SparseBatch batch = random_rows(2, 4, 2);
  std::vector<float> values(20);
  EXPECT_THROW(multiply_sparse(batch.view(), {values.data(), 3, 5}, {values.data(), 2, 3}), Error);
  EXPECT_THROW(
      multiply_transposed_sparse({values.data(), 3, 2}, batch.view(), false, {values.data(), 2, 4}),
      Error);
}

}  // namespace
}  // namespace hourglass
