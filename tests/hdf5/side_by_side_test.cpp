#include "hdf5/side_by_side.hpp"

#include "hdf5/row_views_fixture.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;
using SideBySideTest = io_test::RowViewsTest;

DatasetAddress beside(const DatasetAddress& a, const DatasetAddress& b) {
  return parse_address(to_string(a) + "+" + to_string(b));
}

TEST_F(SideBySideTest, puts_features_of_rows_one_after_the_other) {
  const DatasetAddress address = beside(numbers(1, 5, 2), numbers(2, 5, 3));
  Rows expected;
  for (int r = 0; r < 5; ++r)
    expected.push_back({1000 + 10 * r, 1001 + 10 * r, 2000 + 10 * r, 2001 + 10 * r, 2002 + 10 * r});
  expect_rows(address, expected);
  const ElementPlace place = DatasetReader(address).place(3, 4);
  EXPECT_EQ(place.row, folder_.file("f2.h5") + ":/x: row 3");
  EXPECT_EQ(place.feature, 2);
}

TEST_F(SideBySideTest, takes_one_path_for_all_and_lists_of_them) {
  const std::string one = numbers(1, 2, 1).file;
  const std::string two = numbers(2, 2, 1).file;
  const std::string three = numbers(3, 3, 1).file;
  const std::string four = numbers(4, 3, 1).file;
  const Rows first = {{1000, 2000}, {1010, 2010}};
  const Rows second = {{3000, 4000}, {3010, 4010}, {3020, 4020}};
  expect_rows(parse_address(one + "+" + two + ":/x"), first);
  Rows both = first;
  both.insert(both.end(), second.begin(), second.end());
  expect_rows(parse_address(one + "+" + two + "," + three + "+" + four + ":/x"), both);
  expect_rows(parse_address(one + ":/x+" + two + ":/x," + three + ":/x+" + four + ":/x"), both);
  // A pattern is a list of its own.
  expect_rows(parse_address(folder_.file("f[13].h5") + "+" + folder_.file("f[24].h5") + ":/x"),
              both);
  EXPECT_EQ(open_rows(parse_address(one + "," + two + ":/x"))->series(),
            std::vector<Index>({0, 2}));
}

TEST_F(SideBySideTest, converts_to_the_common_type) {
  using enum ElementType;
  struct Case {
    ElementType a, b, common;
  };
  for (const auto& [a, b, common] : std::vector<Case>{{u8, u8, u8},
                                                      {u8, u16, u16},
                                                      {u8, i8, i16},
                                                      {i8, i32, i32},
                                                      {u16, i16, i32},
                                                      {u8, i32, i32},
                                                      {u32, i8, i64},
                                                      {u64, i8, f64},
                                                      {u16, f32, f32},
                                                      {i32, f32, f64},
                                                      {i8, f64, f64},
                                                      {f32, f64, f64}}) {
    EXPECT_EQ(common_type(a, b), common);
    EXPECT_EQ(common_type(b, a), common);
  }
  const auto small =
      write_dataset(folder_.file("u8.h5"), {2, 1}, std::vector<std::uint8_t>{200, 3});
  const auto large =
      write_dataset(folder_.file("f64.h5"), {2, 2}, std::vector<double>{0.1, -1e300, 2, 3});
  const DatasetReader reader(beside(small, large));
  ASSERT_EQ(reader.info().type, f64);
  std::vector<double> values(6);
  reader.read_rows({0, 2}, std::as_writable_bytes(std::span(values)));
  EXPECT_EQ(values, std::vector<double>({200, 0.1, -1e300, 3, 2, 3}));
}

TEST_F(SideBySideTest, is_selected_from_and_windowed_as_one) {
  DatasetAddress address = beside(numbers(1, 6, 2), numbers(2, 6, 1));
  address.options.views = {"1:5", "2,0", 2, 2, {}, DataPart::all};
  expect_rows(address, {{2010, 1010, 2020, 1020}, {2030, 1030, 2040, 1040}});
}

TEST_F(SideBySideTest, refuses_other_numbers_of_rows_and_empty_items) {
  expect_error(ErrorKind::data, "has 4 rows, but " + folder_.file("f1.h5") + ":/x beside it has 5",
               [&] { DatasetReader reader(beside(numbers(1, 5, 2), numbers(2, 4, 2))); });
  expect_error(ErrorKind::usage, "has an empty item beside a plus sign",
               [&] { DatasetReader reader(parse_address(folder_.file("f1.h5") + "+:/x")); });
}

TEST_F(SideBySideTest, reads_a_file_whose_name_has_a_plus_sign) {
  const std::vector<std::int32_t> values = {7};
  expect_rows(write_dataset(folder_.file("a+b.h5"), {1, 1}, values), {{7}});
}

}  // namespace
}  // namespace hourglass
