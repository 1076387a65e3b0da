#include "hdf5/columns_by_name.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

DatasetInfo table(const std::string& file, const std::vector<std::string>& names) {
  DatasetInfo info;
  info.address = {file, "/x", {}};
  info.shape = {5, static_cast<Index>(names.size())};
  info.feature_names = names;
  return info;
}

TEST(ColumnsByName, puts_another_order_right) {
  const auto order =
      columns_by_name(table("a.h5", {"x", "y", "z"}), table("b.h5", {"z", "x", "y"}));
  EXPECT_EQ(order, (std::vector<Index>{1, 2, 0}));
}

TEST(ColumnsByName, leaves_the_same_order_and_unknown_names) {
  EXPECT_TRUE(columns_by_name(table("a.h5", {"x", "y"}), table("b.h5", {"x", "y"})).empty());
  DatasetInfo unnamed = table("b.h5", {"x", "y"});
  unnamed.feature_names.clear();
  EXPECT_TRUE(columns_by_name(table("a.h5", {"x", "y"}), unnamed).empty());
  EXPECT_TRUE(columns_by_name(unnamed, table("a.h5", {"x", "y"})).empty());
}

TEST(ColumnsByName, takes_coordinates_of_another_grid_as_they_are) {
  EXPECT_TRUE(
      columns_by_name(table("a.h5", {"t=0", "t=1.5"}), table("b.h5", {"t=3", "t=4.5"})).empty());
  EXPECT_EQ(columns_by_name(table("a.h5", {"0", "1.5"}), table("b.h5", {"1.5", "0"})),
            (std::vector<Index>{1, 0}));
}

TEST(ColumnsByName, names_what_differs) {
  expect_error(ErrorKind::data, "b.h5:/x: has no column 'y', which a.h5:/x has", [] {
    static_cast<void>(columns_by_name(table("a.h5", {"x", "y"}), table("b.h5", {"x", "q"})));
  });
  expect_error(ErrorKind::data, "b.h5:/x: has a column 'q', which a.h5:/x does not have", [] {
    static_cast<void>(columns_by_name(table("a.h5", {"x", "y"}), table("b.h5", {"y", "x", "q"})));
  });
  expect_error(ErrorKind::data, "has two columns 'x'", [] {
    static_cast<void>(columns_by_name(table("a.h5", {"x", "y"}), table("b.h5", {"x", "x"})));
  });
}

}  // namespace
}  // namespace hourglass
