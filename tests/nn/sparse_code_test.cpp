// Sparse codes by row and by unit.
#include "nn/sparse_code.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace hourglass {
namespace {

TEST(SparseCode, lists_units_by_row_and_by_unit) {
  SparseCode code;
  const std::vector<float> dense = {0, 2, 0, 3, 0, 0, 0, 0, 5, 7, 0, 0};
  code.assign(ConstMatrix(dense.data(), 3, 4));
  EXPECT_EQ(code.rows(), 3);
  EXPECT_EQ(code.size(), 4);
  code.sort_by_unit();
  const UnitElements elements = code.by_unit();
  EXPECT_EQ(std::vector<std::int32_t>(elements.starts.begin(), elements.starts.end()),
            std::vector<std::int32_t>({0, 1, 3, 3, 4}));
  EXPECT_EQ(std::vector<std::int32_t>(elements.rows.begin(), elements.rows.end()),
            std::vector<std::int32_t>({2, 0, 2, 0}));
  EXPECT_EQ(std::vector<std::int32_t>(elements.places.begin(), elements.places.end()),
            std::vector<std::int32_t>({2, 0, 3, 1}));
  std::vector<float> again(12);
  spread(code.view(), Matrix(again.data(), 3, 4));
  EXPECT_EQ(again, dense);
  code.clear(2);
  EXPECT_EQ(code.rows(), 0);
  EXPECT_EQ(code.size(), 0);
  code.sort_by_unit();
  EXPECT_EQ(code.by_unit().units(), 2);
}

TEST(SparseCode, units_of_a_part_and_filters_by_row) {
  SparseCode code;
  const std::vector<float> dense = {1, 2, 3, 4, 0, 6};
  code.assign(ConstMatrix(dense.data(), 2, 3));
  code.place(10, 20);
  EXPECT_EQ(code.units(), 20);
  code.filter_rows([](Index row, float value) { return row == 1 || value > 1; });
  const SparseRows view = code.view();
  EXPECT_EQ(std::vector<std::int32_t>(view.columns.begin(), view.columns.end()),
            std::vector<std::int32_t>({11, 12, 10, 12}));
  EXPECT_EQ(code.start(1), 2);
}

TEST(SparseCode, keeps_listed_units_of_value_0) {
  SparseCode code;
  code.clear(3);
  code.add(1, 0, 0.5F);
  code.end_row();
  EXPECT_EQ(code.size(), 1);
  EXPECT_EQ(code.pre_activations()[0], 0.5F);
}

}  // namespace
}  // namespace hourglass
