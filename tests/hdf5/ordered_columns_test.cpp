#include "hdf5/ordered_columns.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"
#include "support/hdf5_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

class OrderedColumnsTest : public testing::Test {
 protected:
  OrderedColumnsTest() {
    std::vector<std::int16_t> values;
    for (int i = 0; i < 12; ++i) values.push_back(static_cast<std::int16_t>(10 * (i / 4) + i % 4));
    address_ = write_dataset<std::int16_t>(folder_.file("d.h5"), {3, 4}, values);
  }

  [[nodiscard]] std::vector<std::int16_t> read(std::vector<Index> order, Range rows) const {
    DatasetAddress address = address_;
    address.options.column_order = std::move(order);
    const DatasetReader reader(address);
    std::vector<std::int16_t> values(
        static_cast<std::size_t>(rows.size() * reader.info().features()));
    reader.read_rows(rows, std::as_writable_bytes(std::span(values)));
    return values;
  }

  TemporaryFolder folder_;
  DatasetAddress address_;
};

TEST_F(OrderedColumnsTest, reads_columns_in_their_order) {
  EXPECT_EQ(read({2, 0, 1, 3}, {1, 3}),
            (std::vector<std::int16_t>{12, 10, 11, 13, 22, 20, 21, 23}));
}

TEST_F(OrderedColumnsTest, leaves_columns_out) {
  EXPECT_EQ(read({3}, {0, 3}), (std::vector<std::int16_t>{3, 13, 23}));
}

TEST_F(OrderedColumnsTest, describes_what_it_gives_and_can_be_opened_again) {
  DatasetAddress address = address_;
  address.options.column_order = {3, 2, 1, 0};
  address.options.ordered_shape = {2, 2};
  const DatasetReader reader(address);
  EXPECT_EQ(reader.info().shape, (std::vector<Index>{3, 2, 2}));
  EXPECT_EQ(reader.where(2), to_string(address_) + ": row 2");
  const DatasetReader again(reader.info().address);
  std::vector<std::int16_t> values(4);
  again.read_rows({0, 1}, std::as_writable_bytes(std::span(values)));
  EXPECT_EQ(values, (std::vector<std::int16_t>{3, 2, 1, 0}));
}

TEST_F(OrderedColumnsTest, refuses_columns_that_are_not_there) {
  expect_error(ErrorKind::data, "another number of columns", [&] {
    static_cast<void>(read({0, 4}, {0, 1}));
  });
}

}  // namespace
}  // namespace hourglass
