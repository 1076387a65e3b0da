#include "hdf5/row_split.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "hdf5/row_views_fixture.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

class RowSplitTest : public io_test::RowViewsTest {
 protected:
  [[nodiscard]] static std::vector<int> first_column(const DatasetAddress& address) {
    const DatasetReader reader(address);
    std::vector<int> column;
    for (const auto& row : read(reader, {0, reader.info().rows()})) column.push_back(row.front());
    return column;
  }

  [[nodiscard]] static DatasetAddress part(DatasetAddress address, DataPart which) {
    address.options.views.part = which;
    return address;
  }
};

RowSplit fraction(double share, std::uint64_t seed = 1) {
  RowSplit split;
  split.fraction = share;
  split.seed = seed;
  return split;
}

TEST_F(RowSplitTest, draws_each_item_alone) {
  Index held = 0;
  Index other = 0;
  Index both = 0;
  constexpr Index items = 100000;
  for (Index i = 0; i < items; ++i) {
    const bool a = is_held_out(fraction(0.1), static_cast<std::uint64_t>(i));
    const bool b = is_held_out(fraction(0.1, 2), static_cast<std::uint64_t>(i));
    held += a ? 1 : 0;
    other += b ? 1 : 0;
    both += a && b ? 1 : 0;
    // A larger share holds out all that a smaller one does.
    if (a) {
      EXPECT_TRUE(is_held_out(fraction(0.2), static_cast<std::uint64_t>(i)));
    }
  }
  EXPECT_NEAR(static_cast<double>(held), 0.1 * items, 4 * std::sqrt(0.09 * items));
  EXPECT_NEAR(static_cast<double>(other), 0.1 * items, 4 * std::sqrt(0.09 * items));
  EXPECT_NEAR(static_cast<double>(both), 0.01 * items, 4 * std::sqrt(0.01 * items));
}

TEST_F(RowSplitTest, keeps_its_draws) {
  // Splits of earlier versions must stay what they were.
  std::vector<int> held;
  for (int i = 0; i < 60; ++i) {
    if (is_held_out(fraction(0.1), static_cast<std::uint64_t>(i))) held.push_back(i);
  }
  EXPECT_EQ(held, std::vector<int>({25, 28, 31, 45, 47}));
}

TEST_F(RowSplitTest, holds_out_every_item_in_one_fold) {
  for (const Index folds : {2, 3, 10}) {
    std::vector<Index> sizes(static_cast<std::size_t>(folds));
    for (std::uint64_t item = 0; item < 5000; ++item) {
      int times = 0;
      for (Index fold = 1; fold <= folds; ++fold) {
        RowSplit split;
        split.folds = folds;
        split.fold = fold;
        if (!is_held_out(split, item)) continue;
        ++times;
        ++sizes[static_cast<std::size_t>(fold - 1)];
      }
      ASSERT_EQ(times, 1);
    }
    for (const Index size : sizes)
      EXPECT_NEAR(static_cast<double>(size), 5000.0 / static_cast<double>(folds), 200);
  }
}

TEST_F(RowSplitTest, parts_the_rows_without_loss_and_whatever_is_chosen) {
  DatasetAddress address = numbers(0, 200, 2);
  address.options.views.split = fraction(0.3);
  const auto training = first_column(part(address, DataPart::training));
  const auto validation = first_column(part(address, DataPart::validation));
  std::vector<int> all;
  std::ranges::merge(training, validation, std::back_inserter(all));
  EXPECT_EQ(all, first_column(address));
  EXPECT_EQ(all.size(), 200U);
  for (const int value : validation)
    EXPECT_TRUE(is_held_out(address.options.views.split, static_cast<std::uint64_t>(value / 10)));
  // The side of a row does not depend on the other rows.
  address.options.views.rows = "150:200,20:60:3,150";
  for (const int value : first_column(part(address, DataPart::validation)))
    EXPECT_NE(std::ranges::find(validation, value), validation.end()) << value;
  EXPECT_EQ(first_column(part(address, DataPart::validation)).size() +
                first_column(part(address, DataPart::training)).size(),
            65U);
}

TEST_F(RowSplitTest, keeps_groups_together) {
  DatasetAddress address = numbers(0, 300, 1);
  std::vector<std::int32_t> groups;
  for (int r = 0; r < 300; ++r) groups.push_back(r * 7 % 30);
  address.options.views.split = fraction(0.3);
  address.options.views.split.groups =
      to_string(write_dataset(folder_.file("g.h5"), {300}, groups));
  for (const DataPart side : {DataPart::training, DataPart::validation}) {
    const auto values = first_column(part(address, side));
    EXPECT_EQ(values.size() % 10, 0U);
    for (const int value : values) {
      EXPECT_EQ(
          is_held_out(address.options.views.split,
                      static_cast<std::uint64_t>(groups[static_cast<std::size_t>(value / 10)])),
          side == DataPart::validation);
    }
  }
  address.options.views.split.groups =
      to_string(write_dataset(folder_.file("few.h5"), {299}, std::vector<std::int32_t>(299)));
  expect_error(ErrorKind::data, "299 groups for 300 rows of",
               [&] { DatasetReader reader(part(address, DataPart::training)); });
  address.options.views.split.groups =
      to_string(write_dataset(folder_.file("floats.h5"), {300}, std::vector<float>(300)));
  expect_error(ErrorKind::data, "needs one whole number for each row, but this is float32",
               [&] { DatasetReader reader(part(address, DataPart::training)); });
}

TEST_F(RowSplitTest, parts_series_in_blocks_so_that_windows_share_no_row) {
  DatasetAddress address = numbers(1, 400, 1);
  address.file += "," + numbers(6, 30, 1).file + "," + numbers(7, 333, 1).file;
  address.options.views.window = 4;
  address.options.views.split = fraction(0.4);
  std::vector<std::vector<int>> rows(2);
  for (const DataPart side : {DataPart::training, DataPart::validation}) {
    const DatasetReader reader(part(address, side));
    auto& seen = rows[side == DataPart::validation ? 1 : 0];
    for (const auto& window : read(reader, {0, reader.info().rows()})) {
      for (std::size_t t = 0; t < window.size(); ++t) {
        EXPECT_EQ(window[t], window.front() + 10 * static_cast<int>(t));
        seen.push_back(window[t]);
      }
    }
    std::ranges::sort(seen);
    seen.erase(std::ranges::unique(seen).begin(), seen.end());
    // Blocks of 64 rows are whole.
    EXPECT_GT(seen.size(), 100U);
  }
  std::vector<int> common;
  std::ranges::set_intersection(rows[0], rows[1], std::back_inserter(common));
  EXPECT_TRUE(common.empty());
  EXPECT_EQ(rows[0].size() + rows[1].size(), 763U);
}

TEST_F(RowSplitTest, refuses_parts_without_rows) {
  DatasetAddress address = numbers(0, 4, 1);
  address.options.views.split = fraction(1e-9);
  expect_error(ErrorKind::usage, "--validation-fraction holds out no row of",
               [&] { DatasetReader reader(part(address, DataPart::validation)); });
  address.options.views.split = fraction(1 - 1e-9);
  expect_error(ErrorKind::usage, "leaves no row of",
               [&] { DatasetReader reader(part(address, DataPart::training)); });
}

}  // namespace
}  // namespace hourglass
