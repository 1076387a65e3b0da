#include "data/sparse_conversion.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "support/hdf5_files.hpp"

namespace hourglass {
namespace {

constexpr Index width = 7;

/// Compares every float's bits with convert_row of the spread row.
template <class T>
void expect_as_dense(const std::vector<std::int32_t>& columns, const std::vector<T>& values,
                     const InputTransform& transform) {
  std::vector<T> stored(width);
  for (std::size_t i = 0; i < columns.size(); ++i)
    stored[static_cast<std::size_t>(columns[i])] = values[i];
  std::vector<float> expected(width);
  convert_row(element_type<T>(), reinterpret_cast<const std::byte*>(stored.data()), transform,
              expected);
  SparseConversion conversion(element_type<T>(), width, transform);
  const auto* const bytes = reinterpret_cast<const std::byte*>(values.data());
  std::vector<float> row(width, 5);
  conversion.convert(columns, bytes, row);
  EXPECT_EQ(std::memcmp(row.data(), expected.data(), sizeof(float) * width), 0);
  SparseBatch batch;
  batch.clear(width);
  conversion.append(columns, bytes, batch);
  std::vector<float> spread_row(width);
  spread(batch.view(), Matrix(spread_row.data(), 1, width));
  for (std::size_t c = 0; c < width; ++c) {
    EXPECT_TRUE(spread_row[c] == expected[c] ||
                (std::isnan(spread_row[c]) && std::isnan(expected[c])));
  }
}

template <class T>
void expect_all_transforms() {
  const std::vector<std::int32_t> columns = {0, 2, 3, 6};
  const std::vector<T> values = {7, 100, 0, 3};
  InputTransform transform;
  expect_as_dense(columns, values, transform);
  expect_as_dense<T>({}, {}, transform);
  transform.divisor = 255;
  expect_as_dense(columns, values, transform);
  transform.mean = {1.1F, 2, 3, 0.3F, 5, 6, 7};
  transform.inverse_deviation = {1, 0.7F, 2, 2, 1.3F, 1, 0.1F};
  expect_as_dense(columns, values, transform);
  transform.exact_mean = {1.1, 2, 3, 0.3, 5, 6, 7};
  expect_as_dense(columns, values, transform);
  transform.missing.values = {100};
  transform.missing.treatment = Missing::mask;
  expect_as_dense(columns, values, transform);
  transform.missing.treatment = Missing::mean;
  expect_as_dense(columns, values, transform);
  transform.missing.means = {1, 2, 3, 4, 5, 6, 7};
  expect_as_dense(columns, values, transform);
}

TEST(SparseConversion, gives_the_bits_of_dense_rows) {
  expect_all_transforms<std::uint8_t>();
  expect_all_transforms<std::int32_t>();
  expect_all_transforms<float>();
  expect_all_transforms<double>();
  InputTransform transform;
  transform.missing.treatment = Missing::mask;
  expect_as_dense<float>({1, 5}, {std::numeric_limits<float>::quiet_NaN(), -0.0F}, transform);
}

TEST(SparseConversion, zeros_that_are_missing_are_not_left_out) {
  DatasetInfo info;
  InputTransform transform;
  EXPECT_FALSE(holds_sparse(info, transform));
  info.entries = RowEntries({0, 1});
  EXPECT_TRUE(holds_sparse(info, transform));
  transform.missing.values = {-1, 0};
  EXPECT_FALSE(holds_sparse(info, transform));
}

}  // namespace
}  // namespace hourglass
