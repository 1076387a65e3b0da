#include "math/transpose.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace hourglass {
namespace {

template <class T>
void expect_transposed(Index rows, Index columns) {
  const Index stride = columns + 3;
  std::vector<T> values(static_cast<std::size_t>(rows * stride), T{7});
  std::vector<T> result(static_cast<std::size_t>(columns * (rows + 2)), T{9});
  const MatrixView<T> from(values.data(), rows, columns, stride);
  const MatrixView<T> to(result.data(), columns, rows, rows + 2);
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < columns; ++c) from(r, c) = static_cast<T>(r * columns + c);
  }
  transpose(MatrixView<const T>(from), to);
  for (Index c = 0; c < columns; ++c) {
    for (Index r = 0; r < rows; ++r) EXPECT_EQ(to(c, r), static_cast<T>(r * columns + c));
    for (Index gap = 0; gap < 2; ++gap)
      EXPECT_EQ(result[static_cast<std::size_t>(c * (rows + 2) + rows + gap)], T{9});
  }
}

TEST(Transpose, swaps_rows_and_columns_and_leaves_gaps) {
  for (const auto& [rows, columns] : {std::pair<Index, Index>{1, 1}, {3, 70}, {33, 32}, {64, 40}}) {
    expect_transposed<float>(rows, columns);
    expect_transposed<Bfloat16>(rows, columns);
  }
}

}  // namespace
}  // namespace hourglass
