#include "math/onednn.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace hourglass {
namespace {

float value(Index i) { return std::sin(static_cast<float>(i) * 0.7F); }

std::vector<float> values(Index count) {
  std::vector<float> result;
  for (Index i = 0; i < count; ++i) result.push_back(value(i));
  return result;
}

// Against double, for every transposition and beta, with strides.
template <class T, class Multiply>
void check_products(const std::vector<T>& a, const std::vector<T>& b, const Multiply& multiply,
                    const auto& number) {
  constexpr Index m = 7;
  constexpr Index n = 33;
  constexpr Index k = 19;
  constexpr Index stride = 40;
  for (const bool ta : {false, true}) {
    for (const bool tb : {false, true}) {
      for (const float beta : {0.0F, 1.0F, 0.5F}) {
        std::vector<float> c(m * stride, 2.0F);
        const MatrixView<const T> left(a.data(), ta ? k : m, ta ? m : k, stride);
        const MatrixView<const T> right(b.data(), tb ? n : k, tb ? k : n, stride);
        multiply(ta, tb, left, right, beta, Matrix(c.data(), m, n, stride));
        for (Index i = 0; i < m; ++i) {
          for (Index j = 0; j < n; ++j) {
            double sum = static_cast<double>(beta) * 2.0;
            for (Index p = 0; p < k; ++p) {
              sum += static_cast<double>(number(ta ? left(p, i) : left(i, p))) *
                     static_cast<double>(number(tb ? right(j, p) : right(p, j)));
            }
            ASSERT_NEAR(c[static_cast<std::size_t>(i * stride + j)], sum, 1e-4) << ta << tb << beta;
          }
          EXPECT_EQ(c[static_cast<std::size_t>(i * stride + n)], 2.0F) << "wrote beyond the row";
        }
      }
    }
  }
}

TEST(Onednn, products_of_floats) {
  if (!has_onednn()) GTEST_SKIP() << "built without oneDNN";
  check_products<float>(values(40 * 40), values(40 * 40), gemm_onednn, [](float x) { return x; });
}

TEST(Onednn, products_of_bfloat16) {
  if (!has_onednn() || !cpu_multiplies_bfloat16()) GTEST_SKIP() << "no bfloat16 here";
  std::vector<Bfloat16> numbers(40 * 40);
  convert_to_bfloat16(values(40 * 40).data(), numbers.data(), 40 * 40);
  check_products<Bfloat16>(numbers, numbers, gemm_bfloat16, [](Bfloat16 x) { return to_float(x); });
}

TEST(Onednn, an_empty_inner_dimension_scales) {
  if (!has_onednn()) GTEST_SKIP() << "built without oneDNN";
  float c[2] = {3, 4};
  gemm_onednn(false, false, ConstMatrix(c, 1, 0, 1), ConstMatrix(c, 0, 2, 2), 0.5F,
              Matrix(c, 1, 2));
  EXPECT_EQ(c[0], 1.5F);
  EXPECT_EQ(c[1], 2.0F);
}

TEST(ConvertToBfloat16, rounds_every_element) {
  const auto numbers = values(101);
  std::vector<Bfloat16> rounded(101);
  convert_to_bfloat16(numbers.data(), rounded.data(), 101);
  for (std::size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(rounded[i], to_bfloat16(numbers[i]));
}

}  // namespace
}  // namespace hourglass
