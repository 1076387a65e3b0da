#include "hdf5/selected_rows.hpp"

#include "hdf5/row_views_fixture.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;
using SelectedRowsTest = io_test::RowViewsTest;

TEST_F(SelectedRowsTest, reads_rows_in_the_order_of_the_choice) {
  for (const hsize_t chunk : {0, 4}) {
    DatasetAddress address = numbers(0, 12, 2, chunk);
    address.options.views.rows = "8:11,0,1,3:10:3,0";
    Rows expected;
    for (const int r : {8, 9, 10, 0, 1, 3, 6, 9, 0}) expected.push_back({10 * r, 10 * r + 1});
    expect_rows(address, expected);
  }
}

TEST_F(SelectedRowsTest, counts_rows_of_a_list_through) {
  DatasetAddress address = numbers(1, 5, 1);
  address.file += "," + numbers(2, 5, 1).file;
  address.options.views.rows = "3:7";
  expect_rows(address, {{1030}, {1040}, {2000}, {2010}});
  const DatasetReader reader(address);
  EXPECT_EQ(reader.where(1), folder_.file("f1.h5") + ":/x: row 4");
  EXPECT_EQ(reader.where(2), folder_.file("f2.h5") + ":/x: row 0");
}

TEST_F(SelectedRowsTest, begins_series_where_rows_do_not_follow_each_other) {
  DatasetAddress address = numbers(1, 6, 1);
  address.file += "," + numbers(2, 6, 1).file;
  const auto series = [&](const char* text) {
    address.options.views.rows = text;
    return open_rows(address)->series();
  };
  using Starts = std::vector<Index>;
  EXPECT_EQ(series(""), Starts({0, 6}));
  EXPECT_EQ(series("2:10"), Starts({0, 4}));
  EXPECT_EQ(series("0:3,4:6,6:8"), Starts({0, 3, 5}));
  EXPECT_EQ(series("1:12:2"), Starts({0, 3}));
  EXPECT_EQ(series("0:12:5"), Starts({0, 2}));
  EXPECT_EQ(series("5,3"), Starts({0, 1}));
}

TEST_F(SelectedRowsTest, reads_rows_far_apart_and_near) {
  // Rows of 40 kB: neighbours two rows apart are read at once, those further apart are not.
  const Index columns = 10000;
  std::vector<std::int32_t> values;
  for (Index i = 0; i < 40 * columns; ++i) values.push_back(static_cast<std::int32_t>(i));
  DatasetAddress address = write_dataset(folder_.file("wide.h5"), {40, 10000}, values);
  address.options.views.rows = "0:20:2,1,30:40:9";
  const DatasetReader reader(address);
  const Rows rows = read(reader, {0, reader.info().rows()});
  const std::vector<Index> expected = {0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 1, 30, 39};
  ASSERT_EQ(rows.size(), expected.size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    EXPECT_EQ(rows[r].front(), expected[r] * columns);
    EXPECT_EQ(rows[r].back(), expected[r] * columns + columns - 1);
  }
}

TEST_F(SelectedRowsTest, names_the_data_set_of_a_wrong_choice) {
  DatasetAddress address = numbers(0, 12, 2);
  address.options.views.rows = "0:13";
  expect_error(ErrorKind::usage, "f0.h5:/x has 12 rows", [&] { DatasetReader reader(address); });
}

}  // namespace
}  // namespace hourglass
