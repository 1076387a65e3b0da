#include "optim/matrix_root.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/buffer.hpp"
#include "math/linalg.hpp"
#include "math/symmetric.hpp"
#include "optim/trial.hpp"

namespace hourglass {
namespace {

Buffer<float> statistics(Index n, float scale) {
  auto values = test::normal_numbers(static_cast<std::size_t>(n * n), 7);
  Buffer<float> result(n * n);
  symmetric_product(false, scale, ConstMatrix(values.data(), n, n), 0, Matrix(result.data(), n, n));
  return result;
}

// (A / |A| + damping I)^(-exponent) in double.
std::vector<double> exact_root(const Buffer<float>& a, Index n, double exponent, double damping) {
  std::vector<double> copy(a.span().begin(), a.span().end());
  const Eigenpairs pairs = largest_eigenpairs(n, copy, n);
  std::vector<double> root(static_cast<std::size_t>(n * n), 0.0);
  for (Index k = 0; k < n; ++k) {
    const double factor = std::pow(
        pairs.values[static_cast<std::size_t>(k)] / pairs.values.front() + damping, -exponent);
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < n; ++j) {
        root[static_cast<std::size_t>(i * n + j)] +=
            factor * pairs.vectors[static_cast<std::size_t>(k * n + i)] *
            pairs.vectors[static_cast<std::size_t>(k * n + j)];
      }
    }
  }
  return root;
}

struct Root {
  Buffer<float> values;
  Index failures = 0;
};

Root root_of(const Buffer<float>& a, Index n, const RootSettings& settings, Buffer<float> before) {
  Root result{std::move(before)};
  Buffer<float> scratch(inverse_root_scratch_floats(n));
  result.failures = inverse_root(ConstMatrix(a.data(), n, n), settings,
                                 Matrix(result.values.data(), n, n), scratch.span());
  return result;
}

TEST(MatrixRoot, is_that_in_double) {
  constexpr Index n = 23;
  for (const float scale : {1.0F, 1e-12F}) {
    const Buffer<float> a = statistics(n, scale);
    for (const double exponent : {0.25, 0.5, 1.0}) {
      const Root root = root_of(a, n, {exponent, 1e-3}, Buffer<float>(n * n));
      EXPECT_EQ(root.failures, 0);
      const auto expected = exact_root(a, n, exponent, 1e-3);
      for (Index i = 0; i < n * n; ++i)
        EXPECT_NEAR(root.values[i], expected[static_cast<std::size_t>(i)],
                    2e-3 * std::pow(1e-3, -exponent));
    }
  }
}

TEST(MatrixRoot, of_zeros_is_the_identity) {
  const Root root = root_of(Buffer<float>(9), 3, {}, Buffer<float>(9));
  EXPECT_EQ(root.failures, 0);
  for (Index i = 0; i < 9; ++i) EXPECT_EQ(root.values[i], i % 4 == 0 ? 1.0F : 0.0F);
}

int calls = 0;
bool fails_twice(Matrix a, std::span<float> values, std::span<float> scratch) {
  return ++calls > 2 && symmetric_eigen(a, values, scratch);
}
bool fails_always(Matrix /*a*/, std::span<float> /*values*/, std::span<float> /*scratch*/) {
  return false;
}

TEST(MatrixRoot, failures_are_counted_and_tried_with_more_damping) {
  constexpr Index n = 5;
  const Buffer<float> a = statistics(n, 1);
  calls = 0;
  const Root root = root_of(a, n, {0.25, 1e-6, fails_twice}, Buffer<float>(n * n));
  EXPECT_EQ(root.failures, 2);
  EXPECT_EQ(calls, 3);
  // 1e-6 -> 1e-4 -> 1e-2 of the trace on the diagonal.
  const Root plain = root_of(a, n, {0.25, 1e-6}, Buffer<float>(n * n));
  double trace = 0;
  double plain_trace = 0;
  for (Index i = 0; i < n; ++i) {
    trace += static_cast<double>(root.values[i * (n + 1)]);
    plain_trace += static_cast<double>(plain.values[i * (n + 1)]);
  }
  EXPECT_LT(trace, plain_trace);
}

TEST(MatrixRoot, keeps_what_it_has_when_nothing_helps) {
  constexpr Index n = 4;
  const Buffer<float> a = statistics(n, 1);
  Buffer<float> before(n * n);
  before[1] = 3;
  const Root kept = root_of(a, n, {0.25, 1e-6, fails_always}, std::move(before));
  EXPECT_EQ(kept.failures, 4);
  EXPECT_EQ(kept.values[1], 3);
  EXPECT_EQ(root_of(a, n, {0.25, 1e-6, fails_always}, Buffer<float>(n * n)).values[0], 1);
  Buffer<float> broken = statistics(n, 1);
  broken[2] = std::numeric_limits<float>::quiet_NaN();
  const Root of_nan = root_of(broken, n, {}, Buffer<float>(n * n));
  EXPECT_EQ(of_nan.failures, 1);
  EXPECT_EQ(of_nan.values[0], 1);
}

Root inverse_of(const Buffer<float>& a, Index n, double damping, Buffer<float> before) {
  Root result{std::move(before)};
  Buffer<float> scratch(damped_inverse_scratch_floats(n));
  result.failures = damped_inverse(ConstMatrix(a.data(), n, n), damping,
                                   Matrix(result.values.data(), n, n), scratch.span());
  return result;
}

TEST(MatrixRoot, damped_inverse_times_the_damped_matrix_is_the_identity) {
  constexpr Index n = 37;
  for (const float scale : {1.0F, 1e-12F}) {
    const Buffer<float> a = statistics(n, scale);
    const Root inverse = inverse_of(a, n, 0.01, Buffer<float>(n * n));
    EXPECT_EQ(inverse.failures, 0);
    double mean = 0;
    for (Index i = 0; i < n; ++i) mean += static_cast<double>(a[i * (n + 1)]) / n;
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < n; ++j) {
        double sum = 0;
        for (Index k = 0; k < n; ++k) {
          sum += (static_cast<double>(a[i * n + k]) / mean + (i == k ? 0.01 : 0)) *
                 static_cast<double>(inverse.values[k * n + j]);
        }
        EXPECT_NEAR(sum, i == j ? 1 : 0, 1e-3);
      }
    }
  }
}

TEST(MatrixRoot, damped_inverse_takes_more_damping_or_keeps_what_it_has) {
  // Not positive definite: eigenvalues 3 and -1, relative to their mean of 1.
  Buffer<float> a(4);
  a[0] = a[3] = 1;
  a[1] = a[2] = 2;
  EXPECT_EQ(inverse_of(a, 2, 0.1, Buffer<float>(4)).failures, 1);
  EXPECT_EQ(inverse_of(a, 2, 0.001, Buffer<float>(4)).failures, 2);
  Buffer<float> before(4);
  before[1] = 3;
  const Root kept = inverse_of(a, 2, 1e-8, std::move(before));
  EXPECT_EQ(kept.failures, 4);
  EXPECT_EQ(kept.values[1], 3);
  EXPECT_EQ(inverse_of(a, 2, 1e-8, Buffer<float>(4)).values[0], 1);
  a[0] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(inverse_of(a, 2, 0.1, Buffer<float>(4)).failures, 1);
  EXPECT_EQ(inverse_of(Buffer<float>(4), 2, 0.1, Buffer<float>(4)).values[3], 1);
}

TEST(MatrixRoot, basis_diagonalizes_largest_first) {
  constexpr Index n = 12;
  const Buffer<float> a = statistics(n, 1e-3F);
  Buffer<float> values(n * n);
  Buffer<float> scratch(inverse_root_scratch_floats(n));
  const Matrix basis(values.data(), n, n);
  EXPECT_EQ(eigenbasis(ConstMatrix(a.data(), n, n), {}, basis, scratch.span()), 0);
  double previous = std::numeric_limits<double>::infinity();
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j <= i; ++j) {
      double product = 0;
      for (Index k = 0; k < n; ++k) {
        for (Index l = 0; l < n; ++l)
          product += static_cast<double>(basis(i, k)) * static_cast<double>(a[k * n + l]) *
                     static_cast<double>(basis(j, l));
      }
      if (i != j) {
        EXPECT_NEAR(product, 0, 1e-6);
      } else {
        EXPECT_LT(product, previous);
        previous = product;
      }
    }
  }
}

}  // namespace
}  // namespace hourglass
