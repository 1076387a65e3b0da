#include "hdf5/row_numbers.hpp"

#include <algorithm>

#include "hdf5/row_views_fixture.hpp"

namespace hourglass {
namespace {

class RowNumbersTest : public io_test::RowViewsTest {
 protected:
  static std::vector<Index> numbers_of(const DatasetAddress& address) {
    const DatasetReader reader(address);
    const RowNumbers by_data(reader);
    std::vector<Index> all;
    for (Index row = 0; row < reader.info().rows(); ++row) all.push_back(by_data.of(row));
    return all;
  }
};

TEST_F(RowNumbersTest, are_those_of_the_data_whatever_is_chosen) {
  DatasetAddress address = numbers(0, 6, 2);
  EXPECT_EQ(numbers_of(address), (std::vector<Index>{0, 1, 2, 3, 4, 5}));
  address.options.views.rows = "4,1:4,-1";
  address.options.views.columns = "1";
  EXPECT_EQ(numbers_of(address), (std::vector<Index>{4, 1, 2, 3, 5}));
  address.options.views.columns.clear();
  address.options.column_order = {1, 0};
  EXPECT_EQ(numbers_of(address), (std::vector<Index>{4, 1, 2, 3, 5}));
}

TEST_F(RowNumbersTest, of_a_list_are_counted_through) {
  DatasetAddress address = numbers(1, 5, 1);
  address.file += "," + numbers(2, 5, 1).file;
  address.options.views.rows = "3:7";
  EXPECT_EQ(numbers_of(address), (std::vector<Index>{3, 4, 5, 6}));
}

TEST_F(RowNumbersTest, of_both_parts_of_a_split_are_all) {
  DatasetAddress address = numbers(0, 40, 1);
  address.options.views.split.fraction = 0.3;
  std::vector<Index> all;
  for (const DataPart part : {DataPart::training, DataPart::validation}) {
    address.options.views.part = part;
    const DatasetReader reader(address);
    const std::vector<Index> some = numbers_of(address);
    for (std::size_t i = 0; i < some.size(); ++i) {
      const Rows row = read(reader, {static_cast<Index>(i), static_cast<Index>(i) + 1});
      EXPECT_EQ(row.front().front(), 10 * some[i]);
    }
    all.insert(all.end(), some.begin(), some.end());
  }
  std::ranges::sort(all);
  for (Index row = 0; row < 40; ++row) EXPECT_EQ(all[static_cast<std::size_t>(row)], row);
}

TEST_F(RowNumbersTest, of_windows_are_those_of_their_first_rows) {
  DatasetAddress address = numbers(0, 12, 1);
  address.options.views.rows = "2:12";
  address.options.views.window = 4;
  address.options.views.stride = 3;
  EXPECT_EQ(numbers_of(address), (std::vector<Index>{2, 5, 8}));
}

}  // namespace
}  // namespace hourglass
