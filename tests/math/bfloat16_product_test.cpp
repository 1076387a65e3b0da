#include "math/bfloat16_product.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "core/buffer.hpp"
#include "core/random.hpp"

namespace hourglass {
namespace {

std::vector<Bfloat16> numbers(Index size, std::uint64_t item) {
  const CounterRandom random(9, Purpose::probe);
  std::vector<Bfloat16> values(static_cast<std::size_t>(size));
  for (Index i = 0; i < size; ++i) {
    const float value = uniform_unit(random.bits(item, 0, static_cast<std::uint32_t>(i))[0]);
    values[static_cast<std::size_t>(i)] = to_bfloat16(value - 0.5F);
  }
  return values;
}

// Row i of A by column j of op(B), in double.
double dot(bool transpose, ConstBfloat16Matrix a, ConstBfloat16Matrix b, Index i, Index j) {
  double sum = 0;
  for (Index k = 0; k < a.columns; ++k)
    sum += static_cast<double>(to_float(a(i, k))) *
           static_cast<double>(to_float(transpose ? b(j, k) : b(k, j)));
  return sum;
}

class Bfloat16Product : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_onednn()) GTEST_SKIP() << "built without oneDNN";
  }
};

// Beside what lies next to the matrices: their strides are larger than their rows.
TEST_F(Bfloat16Product, is_that_of_the_definition_at_every_edge) {
  for (const auto& [m, k, n] : {std::array<Index, 3>{1, 1, 1},
                                {14, 32, 32},
                                {15, 33, 31},
                                {29, 64, 300},
                                {3, 7, 48},
                                {28, 70, 17}}) {
    for (const bool transpose : {false, true}) {
      const auto left = numbers(m * (k + 5), 1);
      const auto right = numbers((k + 1) * (n + 1), 2);
      const ConstBfloat16Matrix a(left.data(), m, k, k + 5);
      const ConstBfloat16Matrix b = transpose ? ConstBfloat16Matrix(right.data(), n, k, k + 1)
                                              : ConstBfloat16Matrix(right.data(), k, n, n + 1);
      std::vector<float> values(static_cast<std::size_t>(m * (n + 4)), 2.0F);
      const Matrix c(values.data(), m, n, n + 4);
      Buffer<float> scratch(bfloat16_product_scratch_floats(k, n));
      bfloat16_product(transpose, a, b, 0.25F, c, scratch.span());
      for (Index i = 0; i < m; ++i) {
        for (Index j = 0; j < n; ++j)
          EXPECT_NEAR(c(i, j), 0.5 + dot(transpose, a, b, i, j), 1e-5) << m << ' ' << k << ' ' << n;
        for (Index j = n; j < n + 4; ++j)
          EXPECT_EQ(values[static_cast<std::size_t>(i * (n + 4) + j)], 2);
      }
      bfloat16_product(transpose, a, b, 0, c, scratch.span());
      EXPECT_NEAR(c(m - 1, n - 1), dot(transpose, a, b, m - 1, n - 1), 1e-5);
    }
  }
}

// 270 rows: more than the block of columns that stays in the cache, and strips with oneDNN.
TEST_F(Bfloat16Product, upper_triangle_has_the_bits_of_the_whole) {
  for (const Index n : {1, 40, 270}) {
    constexpr Index k = 20;
    const auto values = numbers(n * k, 3);
    const ConstBfloat16Matrix a(values.data(), n, k);
    Buffer<float> whole(n * n);
    Buffer<float> upper(n * n);
    Buffer<float> scratch(bfloat16_product_scratch_floats(k, n));
    bfloat16_product(true, a, a, 0, Matrix(whole.data(), n, n), scratch.span());
    upper_bfloat16_product(true, a, a, 0, Matrix(upper.data(), n, n), scratch.span());
    for (Index i = 0; i < n; ++i) {
      for (Index j = i; j < n; ++j) EXPECT_NEAR(upper[i * n + j], whole[i * n + j], 1e-5);
    }
  }
}

// A NaN beside the last element of an odd row must not be multiplied by the zero that fills up.
TEST_F(Bfloat16Product, reads_nothing_beside_the_factors) {
  const Bfloat16 nan = to_bfloat16(std::numeric_limits<float>::quiet_NaN());
  const std::vector<Bfloat16> a = {to_bfloat16(2), nan};
  const std::vector<Bfloat16> b = {to_bfloat16(3), nan, nan, nan};
  std::vector<float> c(1);
  Buffer<float> scratch(bfloat16_product_scratch_floats(1, 1));
  for (const bool transpose : {false, true}) {
    bfloat16_product(transpose, {a.data(), 1, 1, 2}, {b.data(), 1, 1, 2}, 0, {c.data(), 1, 1},
                     scratch.span());
    EXPECT_EQ(c[0], 6);
  }
}

TEST_F(Bfloat16Product, without_inner_dimension_leaves_beta_c) {
  const std::vector<Bfloat16> nothing(1);
  std::vector<float> c = {3, 4};
  bfloat16_product(false, {nothing.data(), 1, 0, 1}, {nothing.data(), 0, 2, 2}, 0.5F,
                   {c.data(), 1, 2}, {});
  EXPECT_EQ(c, std::vector<float>({1.5F, 2}));
}

}  // namespace
}  // namespace hourglass
