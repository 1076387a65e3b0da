#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include "hdf5/hdf5.hpp"
#include "support/expect_error.hpp"
#include "support/hdf5_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass::io_test {

/// Data sets whose value in row r and column c is 1000 n + 10 r + c for file number n.
class RowViewsTest : public testing::Test {
 protected:
  using Rows = std::vector<std::vector<int>>;

  DatasetAddress numbers(int number, Index rows, Index columns, hsize_t chunk_rows = 0) const {
    std::vector<std::int32_t> values;
    for (Index r = 0; r < rows; ++r) {
      for (Index c = 0; c < columns; ++c)
        values.push_back(static_cast<std::int32_t>(1000 * number + 10 * r + c));
    }
    return write_dataset(folder_.file("f" + std::to_string(number) + ".h5"),
                         {static_cast<hsize_t>(rows), static_cast<hsize_t>(columns)}, values,
                         chunk_rows);
  }

  static Rows read(const DatasetReader& reader, Range range) {
    const auto columns = static_cast<std::size_t>(reader.info().features());
    std::vector<std::int32_t> values(static_cast<std::size_t>(range.size()) * columns);
    EXPECT_EQ(reader.info().type, ElementType::i32);
    reader.read_rows(range, std::as_writable_bytes(std::span(values)));
    Rows rows;
    for (std::size_t begin = 0; begin < values.size(); begin += columns)
      rows.emplace_back(values.begin() + static_cast<std::ptrdiff_t>(begin),
                        values.begin() + static_cast<std::ptrdiff_t>(begin + columns));
    return rows;
  }

  /// Every range of rows reads as these, and reopening the address of the reader gives the same.
  static void expect_rows(const DatasetAddress& address, const Rows& expected) {
    const DatasetReader first(address);
    const DatasetReader reader(first.info().address);
    ASSERT_EQ(reader.info().rows(), static_cast<Index>(expected.size()));
    for (Index begin = 0; begin < reader.info().rows(); ++begin) {
      for (Index end = begin; end <= reader.info().rows(); ++end) {
        ASSERT_EQ(read(reader, {begin, end}),
                  Rows(expected.begin() + begin, expected.begin() + end))
            << begin << " to " << end;
      }
    }
  }

  TemporaryFolder folder_;
};

}  // namespace hourglass::io_test
