#include "hdf5/windows.hpp"

#include "hdf5/row_views_fixture.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

class WindowsTest : public io_test::RowViewsTest {
 protected:
  /// All windows of series given as the rows that they are made of.
  static Rows windows_of(const std::vector<Rows>& series, std::size_t length, std::size_t stride) {
    Rows windows;
    for (const Rows& rows : series) {
      for (std::size_t begin = 0; begin + length <= rows.size(); begin += stride) {
        windows.emplace_back();
        for (std::size_t t = begin; t < begin + length; ++t)
          windows.back().insert(windows.back().end(), rows[t].begin(), rows[t].end());
      }
    }
    return windows;
  }

  /// Rows read by steps, each put together from its own.
  static Rows by_steps(const DatasetReader& reader, Range rows) {
    const DatasetInfo& info = reader.info();
    const Range steps = info.steps.of(rows);
    std::vector<std::byte> bytes(static_cast<std::size_t>(steps.size() * info.step_bytes()));
    reader.read_steps(steps, bytes);
    Rows result;
    for (Index row = rows.begin; row < rows.end; ++row) {
      std::vector<std::int32_t> values(static_cast<std::size_t>(info.features()));
      std::memcpy(values.data(),
                  bytes.data() + (info.steps.first(row) - steps.begin) * info.step_bytes(),
                  static_cast<std::size_t>(info.row_bytes()));
      result.emplace_back(values.begin(), values.end());
    }
    return result;
  }

  [[nodiscard]] static Rows whole(const DatasetAddress& address) {
    const DatasetReader reader(address);
    return read(reader, {0, reader.info().rows()});
  }
};

TEST_F(WindowsTest, slides_over_every_series_without_crossing_a_border) {
  std::vector<Rows> series;
  DatasetAddress list = numbers(1, 9, 2);
  series.push_back(whole(list));
  // The second is too short for most windows, the fourth has one row.
  for (const auto& [number, rows] : {std::pair{2, 3}, {3, 7}, {4, 1}, {5, 12}}) {
    const DatasetAddress part = numbers(number, rows, 2);
    series.push_back(whole(part));
    list.file += "," + part.file;
  }
  for (const Index length : {1, 2, 4, 5, 12}) {
    for (const Index stride : {1, 2, 3, 5, 13}) {
      SCOPED_TRACE(std::to_string(length) + " by " + std::to_string(stride));
      list.options.views.window = length;
      list.options.views.stride = stride;
      const Rows expected =
          windows_of(series, static_cast<std::size_t>(length), static_cast<std::size_t>(stride));
      expect_rows(list, expected);
      const DatasetReader reader(list);
      EXPECT_EQ(reader.info().shape,
                std::vector<Index>({static_cast<Index>(expected.size()), length, 2}));
      EXPECT_EQ(reader.time_steps(), 32);
      const auto rows = static_cast<Index>(expected.size());
      for (Index begin = 0; begin < rows; ++begin) {
        for (Index end = begin + 1; end <= rows; ++end) {
          ASSERT_EQ(by_steps(reader, {begin, end}),
                    Rows(expected.begin() + begin, expected.begin() + end))
              << begin << " to " << end;
        }
      }
      // Each step is held once: windows of a series share what they have in common.
      if (stride < length) {
        EXPECT_LE(reader.info().steps.of({0, rows}).size(), 32);
      }
    }
  }
}

TEST_F(WindowsTest, takes_chosen_rows_and_columns) {
  DatasetAddress address = numbers(0, 20, 3);
  address.options.views = {"0:5,8:20:3", "2,0", 2, 1};
  expect_rows(address, {{2, 0, 12, 10},
                        {12, 10, 22, 20},
                        {22, 20, 32, 30},
                        {32, 30, 42, 40},
                        {82, 80, 112, 110},
                        {112, 110, 142, 140},
                        {142, 140, 172, 170}});
  const DatasetReader reader(address);
  EXPECT_EQ(reader.first_time_step(4), 5);
  EXPECT_EQ(reader.where(4), folder_.file("f0.h5") + ":/x: row 8");
  const ElementPlace place = reader.place(5, 3);
  EXPECT_EQ(place.row, folder_.file("f0.h5") + ":/x: row 14");
  EXPECT_EQ(place.feature, 0);
}

TEST_F(WindowsTest, makes_windows_of_one_channel_two_dimensional) {
  const std::vector<std::int32_t> values = {0, 1, 2, 3, 4};
  DatasetAddress address = write_dataset(folder_.file("one.h5"), {5}, values);
  address.options.views.window = 3;
  expect_rows(address, {{0, 1, 2}, {1, 2, 3}, {2, 3, 4}});
  EXPECT_EQ(DatasetReader(address).info().shape, std::vector<Index>({3, 3}));
}

TEST_F(WindowsTest, refuses_windows_longer_than_every_series) {
  DatasetAddress address = numbers(1, 5, 2);
  address.file += "," + numbers(2, 7, 2).file;
  address.options.views.window = 8;
  expect_error(ErrorKind::usage, "the longest has 7 rows; use a shorter window",
               [&] { DatasetReader reader(address); });
  address.options.views.window = 2;
  address.options.views.stride = 0;
  expect_error(ErrorKind::usage, "--window and --stride must be at least 1",
               [&] { DatasetReader reader(address); });
}

}  // namespace
}  // namespace hourglass
