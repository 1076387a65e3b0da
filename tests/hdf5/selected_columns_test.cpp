#include "hdf5/selected_columns.hpp"

#include "hdf5/row_views_fixture.hpp"

namespace hourglass {
namespace {

using SelectedColumnsTest = io_test::RowViewsTest;

TEST_F(SelectedColumnsTest, reads_columns_in_the_order_of_the_choice) {
  DatasetAddress address = numbers(0, 3, 6);
  address.options.views.columns = "4,1:3,5";
  expect_rows(address, {{4, 1, 2, 5}, {14, 11, 12, 15}, {24, 21, 22, 25}});
  address.options.views.rows = "2,0";
  expect_rows(address, {{24, 21, 22, 25}, {4, 1, 2, 5}});
}

TEST_F(SelectedColumnsTest, numbers_the_elements_of_images) {
  std::vector<std::int32_t> values(2 * 3 * 2);
  std::iota(values.begin(), values.end(), 0);
  DatasetAddress address = write_dataset(folder_.file("images.h5"), {2, 3, 2}, values);
  address.options.views.columns = "5,0";
  expect_rows(address, {{5, 0}, {11, 6}});
  EXPECT_EQ(DatasetReader(address).info().shape, std::vector<Index>({2, 2}));
}

TEST_F(SelectedColumnsTest, leaves_the_data_set_alone_for_all) {
  DatasetAddress address = numbers(0, 3, 6);
  address.options.views = {"all", "all"};
  EXPECT_EQ(DatasetReader(address).info().shape, std::vector<Index>({3, 6}));
}

TEST_F(SelectedColumnsTest, reads_more_than_fits_in_one_read) {
  const Index columns = 700000;
  std::vector<std::int32_t> values;
  for (Index i = 0; i < 5 * columns; ++i) values.push_back(static_cast<std::int32_t>(i));
  DatasetAddress address = write_dataset(folder_.file("wide.h5"), {5, 700000}, values);
  address.options.views.columns = "-1,3";
  Rows expected;
  for (int r = 0; r < 5; ++r)
    expected.push_back(
        {static_cast<int>((r + 1) * columns - 1), static_cast<int>(r * columns + 3)});
  expect_rows(address, expected);
}

}  // namespace
}  // namespace hourglass
