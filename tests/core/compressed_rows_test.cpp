#include "core/compressed_rows.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace hourglass {
namespace {

using Columns = std::vector<std::int32_t>;

template <class T>
void append(CompressedRows& rows, const Columns& columns, const std::vector<T>& values) {
  rows.value_bytes = sizeof(T);
  rows.append_row(columns, std::as_bytes(std::span(values)));
}

template <class T>
std::vector<T> values_of(const CompressedRows& rows) {
  std::vector<T> values(static_cast<std::size_t>(rows.entries()));
  std::memcpy(values.data(), rows.values.data(), rows.values.size());
  return values;
}

template <class T>
void expect_spread() {
  CompressedRows rows;
  append<T>(rows, {1, 3}, {5, 7});
  append<T>(rows, {}, {});
  append<T>(rows, {0}, {9});
  std::vector<T> dense(12, 99);
  spread(rows, 4, std::as_writable_bytes(std::span(dense)));
  EXPECT_EQ(dense, (std::vector<T>{0, 5, 0, 7, 0, 0, 0, 0, 9, 0, 0, 0}));
}

TEST(CompressedRows, are_spread_with_their_zeros) {
  expect_spread<std::uint8_t>();
  expect_spread<std::int16_t>();
  expect_spread<float>();
  expect_spread<double>();
}

TEST(CompressedRows, order_is_columns_that_ascend_within_the_width) {
  EXPECT_TRUE(are_ordered({}, 3));
  EXPECT_TRUE(are_ordered(Columns{0, 2}, 3));
  EXPECT_FALSE(are_ordered(Columns{0, 3}, 3));
  EXPECT_FALSE(are_ordered(Columns{-1, 2}, 3));
  EXPECT_FALSE(are_ordered(Columns{1, 1}, 3));
  EXPECT_FALSE(are_ordered(Columns{2, 1}, 3));
}

TEST(CompressedRows, a_row_is_put_in_order_with_its_values) {
  CompressedRows rows;
  append<double>(rows, {1, 2}, {1, 2});
  append<double>(rows, {7, 0, 4}, {70, 1, 40});
  EXPECT_EQ(order_row(rows, 1), -1);
  EXPECT_EQ(rows.columns, (Columns{1, 2, 0, 4, 7}));
  EXPECT_EQ(values_of<double>(rows), (std::vector<double>{1, 2, 1, 40, 70}));
  append<double>(rows, {5, 3, 5}, {1, 2, 3});
  EXPECT_EQ(order_row(rows, 2), 5);
}

TEST(CompressedRows, columns_are_chosen_and_put_into_another_order) {
  CompressedRows rows;
  append<float>(rows, {0, 3}, {9, 8});
  append<float>(rows, {0, 1, 2, 3}, {1, 2, 3, 4});
  append<float>(rows, {1}, {5});
  replace_columns(rows, 1, Columns{2, -1, 0, 1});
  EXPECT_EQ(rows.starts, (std::vector<Index>{0, 2, 5, 5}));
  EXPECT_EQ(rows.columns, (Columns{0, 3, 0, 1, 2}));
  EXPECT_EQ(values_of<float>(rows), (std::vector<float>{9, 8, 3, 4, 1}));
}

TEST(CompressedRows, bytes_are_those_of_starts_columns_and_values) {
  EXPECT_EQ(compressed_bytes(2, 10, 8), 3 * 8 + 10 * 12);
}

}  // namespace
}  // namespace hourglass
