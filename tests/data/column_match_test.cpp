#include "data/column_match.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

DataIdentity shaped(std::vector<Index> shape) {
  DataIdentity identity;
  identity.sample_shape = std::move(shape);
  return identity;
}

DataIdentity named(std::vector<std::string> names) {
  DataIdentity identity = shaped({static_cast<Index>(names.size())});
  identity.feature_names = std::move(names);
  return identity;
}

std::vector<Index> columns(const DataIdentity& trained, const DataIdentity& given) {
  return match_columns(trained, given, "d.h5:/x").columns;
}

void expect_refused(const DataIdentity& trained, const DataIdentity& given,
                    const std::string& word) {
  expect_error(ErrorKind::data, word, [&] { static_cast<void>(columns(trained, given)); });
}

TEST(ColumnMatch, names_in_another_order_are_put_right) {
  const DataIdentity trained = named({"x", "y", "z"});
  EXPECT_TRUE(columns(trained, trained).empty());
  const ColumnMatch match = match_columns(trained, named({"z", "x", "y"}), "d.h5:/x");
  EXPECT_EQ(match.columns, (std::vector<Index>{1, 2, 0}));
  EXPECT_NE(match.note.find("order by name"), std::string::npos);
}

TEST(ColumnMatch, further_features_are_left_out) {
  const ColumnMatch match =
      match_columns(named({"x", "y"}), named({"a", "x", "y", "b"}), "d.h5:/x");
  EXPECT_EQ(match.columns, (std::vector<Index>{1, 2}));
  EXPECT_NE(match.note.find("2 features"), std::string::npos);
}

TEST(ColumnMatch, missing_features_are_named) {
  expect_refused(named({"x", "pressure"}), named({"x", "y"}), "pressure");
}

TEST(ColumnMatch, names_that_occur_twice_tell_nothing) {
  expect_refused(named({"x", "y"}), named({"y", "y"}), "'y'");
  const DataIdentity twice = named({"x", "x"});
  EXPECT_TRUE(columns(twice, twice).empty());
}

TEST(ColumnMatch, names_of_one_side_decide_nothing) {
  EXPECT_TRUE(columns(named({"x", "y"}), shaped({2})).empty());
  EXPECT_TRUE(columns(shaped({2}), named({"x", "y"})).empty());
}

TEST(ColumnMatch, channels_are_moved) {
  // Sample (h, w, c) of 5 x 6 x 2 holds 100 h + 10 w + c.
  std::vector<int> last;
  std::vector<int> first;
  for (int h = 0; h < 5; ++h) {
    for (int w = 0; w < 6; ++w) {
      for (int c = 0; c < 2; ++c) last.push_back(100 * h + 10 * w + c);
    }
  }
  for (int c = 0; c < 2; ++c) {
    for (int h = 0; h < 5; ++h) {
      for (int w = 0; w < 6; ++w) first.push_back(100 * h + 10 * w + c);
    }
  }
  const auto moved = [](const std::vector<int>& values, const std::vector<Index>& from) {
    std::vector<int> result;
    for (const Index column : from) result.push_back(values.at(static_cast<std::size_t>(column)));
    return result;
  };
  EXPECT_EQ(moved(first, columns(shaped({5, 6, 2}), shaped({2, 5, 6}))), last);
  EXPECT_EQ(moved(last, columns(shaped({2, 5, 6}), shaped({5, 6, 2}))), first);
}

TEST(ColumnMatch, flat_rows_and_single_channels_are_taken_in_their_order) {
  for (const auto& [trained, given] : {std::pair{shaped({28, 28}), shaped({784})},
                                       {shaped({784}), shaped({28, 28})},
                                       {shaped({28, 28}), shaped({1, 28, 28})},
                                       {shaped({28, 28, 1}), shaped({28, 28})}}) {
    const ColumnMatch match = match_columns(trained, given, "d");
    EXPECT_TRUE(match.columns.empty());
    EXPECT_TRUE(match.note.empty());
  }
  const ColumnMatch colours = match_columns(shaped({5, 6, 3}), shaped({90}), "d");
  EXPECT_TRUE(colours.columns.empty());
  EXPECT_NE(colours.note.find("5 x 6 x 3"), std::string::npos);
}

TEST(ColumnMatch, other_shapes_of_as_many_features_are_refused) {
  expect_refused(shaped({16, 24}), shaped({24, 16}), "24 x 16");
  expect_refused(shaped({32, 32, 48}), shaped({48, 32, 32}), "48 x 32 x 32");
  expect_refused(shaped({6, 5, 3}), shaped({3, 5, 6}), "3 x 5 x 6");
}

TEST(ColumnMatch, another_number_of_features_is_somebody_elses_refusal) {
  EXPECT_TRUE(columns(shaped({4}), shaped({5})).empty());
}

}  // namespace
}  // namespace hourglass
