#include "optim/kronecker_curvature.hpp"

#include <gtest/gtest.h>

#include "optim/block_trial.hpp"
#include "optim/slow_matrix.hpp"
#include "optim/trial.hpp"

namespace hourglass {
namespace {

using test::SlowMatrix;

double mean_of_diagonal(const SlowMatrix& m) {
  double sum = 0;
  for (Index i = 0; i < m.rows; ++i) sum += m(i, i);
  return sum / static_cast<double>(m.rows);
}

TEST(KroneckerCurvature, products_are_those_in_double) {
  for (const auto& [rows, columns] : {std::pair<Index, Index>{6, 14}, {14, 6}, {1, 4}, {9, 9}}) {
    Buffer<float> left = test::BlockTrial::factor(rows, 1);
    Buffer<float> right = test::BlockTrial::factor(columns, 2);
    const SlowMatrix slow_left(rows, rows, {left.span().begin(), left.span().end()});
    const SlowMatrix slow_right(columns, columns, {right.span().begin(), right.span().end()});
    // The lower triangles are not read.
    for (Index r = 0; r < rows; ++r) std::fill_n(left.data() + r * rows, r, 99.0F);
    for (Index r = 0; r < columns; ++r) std::fill_n(right.data() + r * columns, r, -99.0F);
    const KroneckerCurvature curvature{
        {left.data(), rows, rows}, {right.data(), columns, columns}, 3, 0.7};
    const auto x = test::normal_numbers(static_cast<std::size_t>(rows * columns), 3);
    const SlowMatrix slow(rows, columns, x);
    const double size = 3 * mean_of_diagonal(slow_left) * mean_of_diagonal(slow_right);
    EXPECT_NEAR(curvature.size(), size, 1e-5 * size);
    const SlowMatrix expected = 3.0 * (slow_left * slow * slow_right) + (0.7 * 0.7 * size) * slow;
    std::vector<float> image(x.size());
    Buffer<float> scratch(kronecker_curvature_scratch_floats(rows, columns));
    curvature.multiply({x.data(), rows, columns}, {image.data(), rows, columns}, scratch.span());
    const SlowMatrix found(rows, columns, image);
    EXPECT_LT((found + -1.0 * expected).norm(), 1e-5 * expected.norm());
    double inner = 0;
    for (std::size_t i = 0; i < x.size(); ++i) inner += slow.values[i] * found.values[i];
    EXPECT_NEAR(inner_product({x.data(), rows, columns}, {image.data(), rows, columns}), inner,
                1e-12 * inner);
  }
}

}  // namespace
}  // namespace hourglass
