#include "hourglass/core/owned_matrix.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(OwnedMatrix, is_row_major_and_begins_with_zeros) {
  OwnedMatrix matrix(2, 3);
  for (const float value : matrix.values()) EXPECT_EQ(value, 0.0F);
  matrix(1, 2) = 5;
  EXPECT_EQ(matrix.values()[5], 5.0F);
  const ConstMatrix view = matrix;
  EXPECT_EQ(view.rows, 2);
  EXPECT_EQ(view.columns, 3);
  EXPECT_EQ(view(1, 2), 5.0F);
  matrix.view()(0, 0) = 7;
  EXPECT_EQ(view(0, 0), 7.0F);
}

TEST(OwnedMatrix, copies_are_deep) {
  OwnedMatrix one(1, 1);
  OwnedMatrix two = one;
  two(0, 0) = 1;
  EXPECT_EQ(one(0, 0), 0.0F);
  EXPECT_EQ(OwnedMatrix().rows(), 0);
}

}  // namespace
}  // namespace hourglass
