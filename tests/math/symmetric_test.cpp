#include "math/symmetric.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/buffer.hpp"
#include "core/random.hpp"

namespace hourglass {
namespace {

Buffer<float> numbers(Index size) {
  const CounterRandom random(9, Purpose::probe);
  Buffer<float> values(size);
  for (Index i = 0; i < size; ++i)
    values[i] = uniform_unit(random.bits(0, 0, static_cast<std::uint32_t>(i))[0]) - 0.5F;
  return values;
}

// sum over k of a(i, k) b(j, k) in double
double dot(ConstMatrix a, Index i, ConstMatrix b, Index j) {
  double sum = 0;
  for (Index k = 0; k < a.columns; ++k)
    sum += static_cast<double>(a(i, k)) * static_cast<double>(b(j, k));
  return sum;
}

TEST(Symmetric, upper_product_leaves_the_lower_triangle) {
  const Buffer<float> values = numbers(12);
  std::vector<float> c(9, 7);
  upper_symmetric_product(true, 1, ConstMatrix(values.data(), 4, 3), 0, Matrix(c.data(), 3, 3));
  EXPECT_EQ(c[3], 7);
  EXPECT_NE(c[1], 7);
  mirror_upper_triangle(Matrix(c.data(), 3, 3));
  EXPECT_EQ(c[3], c[1]);
  EXPECT_EQ(c[7], c[5]);
}

TEST(Symmetric, mirror_copies_every_tile_and_leaves_gaps) {
  constexpr Index n = 70;
  constexpr Index stride = 73;
  std::vector<float> c(n * stride, -1);
  std::vector<Bfloat16> rounded(n * stride, 9);
  const Matrix matrix(c.data(), n, n, stride);
  const MatrixView<Bfloat16> rounded_matrix(rounded.data(), n, n, stride);
  for (Index i = 0; i < n; ++i) {
    for (Index j = i; j < n; ++j) {
      matrix(i, j) = static_cast<float>(i * n + j);
      rounded_matrix(i, j) = static_cast<Bfloat16>(i * n + j);
    }
  }
  mirror_upper_triangle(matrix);
  mirror_upper_triangle(rounded_matrix);
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < stride; ++j) {
      const Index value = j < n ? std::min(i, j) * n + std::max(i, j) : 0;
      EXPECT_EQ(c[static_cast<std::size_t>(i * stride + j)],
                j < n ? static_cast<float>(value) : -1.0F);
      EXPECT_EQ(rounded[static_cast<std::size_t>(i * stride + j)],
                j < n ? static_cast<Bfloat16>(value) : Bfloat16{9});
    }
  }
}

TEST(Symmetric, inverse_is_that_of_the_upper_triangle) {
  // (4 2; 2 3), with determinant 8.
  std::vector<float> a = {4, 2, 99, 3};
  EXPECT_TRUE(symmetric_inverse(Matrix(a.data(), 2, 2)));
  EXPECT_NEAR(a[0], 0.375, 1e-6);
  EXPECT_NEAR(a[1], -0.25, 1e-6);
  EXPECT_NEAR(a[2], -0.25, 1e-6);
  EXPECT_NEAR(a[3], 0.5, 1e-6);
  std::vector<float> indefinite = {1, 2, 2, 1};
  EXPECT_FALSE(symmetric_inverse(Matrix(indefinite.data(), 2, 2)));
}

TEST(Symmetric, product_is_that_of_the_definition_on_both_sides) {
  // 70 rows: more than a tile of the copy to the lower triangle.
  for (const auto& [rows, columns] : {std::pair<Index, Index>{70, 5}, {3, 40}, {1, 1}}) {
    Buffer<float> values = numbers(rows * (columns + 2));
    const ConstMatrix a(values.data(), rows, columns, columns + 2);
    for (const bool transpose : {false, true}) {
      const Index n = transpose ? columns : rows;
      Buffer<float> result(n * n);
      Matrix c(result.data(), n, n);
      for (Index i = 0; i < n; ++i) {
        for (Index j = 0; j < n; ++j) c(i, j) = static_cast<float>(i + j);
      }
      symmetric_product(transpose, 0.5F, a, 0.25F, c);
      for (Index i = 0; i < n; ++i) {
        for (Index j = 0; j < n; ++j) {
          double sum = 0;
          for (Index k = 0; k < (transpose ? rows : columns); ++k) {
            sum += transpose ? static_cast<double>(a(k, i)) * static_cast<double>(a(k, j))
                             : static_cast<double>(a(i, k)) * static_cast<double>(a(j, k));
          }
          EXPECT_NEAR(c(i, j), 0.5 * sum + 0.25 * static_cast<double>(i + j), 1e-4);
          EXPECT_EQ(c(i, j), c(j, i));
        }
      }
    }
  }
}

TEST(Symmetric, eigenvectors_and_values_make_the_matrix) {
  for (const Index n : {1, 2, 17}) {
    const Buffer<float> values = numbers(n * n);
    Buffer<float> matrix(n * n);
    symmetric_product(false, 1, ConstMatrix(values.data(), n, n), 0, Matrix(matrix.data(), n, n));
    Buffer<float> vectors(n * n);
    std::copy_n(matrix.data(), n * n, vectors.data());
    std::vector<float> eigenvalues(static_cast<std::size_t>(n));
    Buffer<float> scratch(symmetric_eigen_scratch_floats(n));
    const Matrix v(vectors.data(), n, n);
    ASSERT_TRUE(symmetric_eigen(v, eigenvalues, scratch.span()));
    for (Index i = 0; i < n; ++i) {
      if (i > 0) {
        EXPECT_LE(eigenvalues[static_cast<std::size_t>(i - 1)],
                  eigenvalues[static_cast<std::size_t>(i)]);
      }
      for (Index j = 0; j < n; ++j) {
        EXPECT_NEAR(dot(v, i, v, j), i == j ? 1 : 0, 1e-5);
        double sum = 0;
        for (Index k = 0; k < n; ++k)
          sum += static_cast<double>(eigenvalues[static_cast<std::size_t>(k)]) *
                 static_cast<double>(v(k, i)) * static_cast<double>(v(k, j));
        EXPECT_NEAR(sum, matrix[i * n + j], 1e-5);
      }
    }
  }
}

TEST(Symmetric, orthonormal_rows_span_the_first_rows_in_order) {
  for (const Index n : {1, 2, 17}) {
    const Buffer<float> values = numbers(n * n);
    Buffer<float> basis(n * n);
    std::copy_n(values.data(), n * n, basis.data());
    Buffer<float> scratch(orthonormalize_scratch_floats(n));
    const Matrix q(basis.data(), n, n);
    ASSERT_TRUE(orthonormalize(q, scratch.span()));
    const ConstMatrix a(values.data(), n, n);
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < n; ++j) {
        EXPECT_NEAR(dot(q, i, q, j), i == j ? 1 : 0, 1e-5);
        if (j > i) {
          EXPECT_NEAR(dot(a, i, q, j), 0, 1e-5) << "row " << i << " lies in the first rows";
        }
      }
    }
  }
}

}  // namespace
}  // namespace hourglass
