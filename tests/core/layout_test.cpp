#include "core/layout.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

Layout small_layout() {
  Layout layout;
  layout.add("encoder/0/weight", {3, 40});
  layout.add("encoder/0/bias", {3});
  layout.add("decoder/0/weight", {8, 8});
  return layout;
}

TEST(Layout, tensors_follow_each_other_in_whole_cells) {
  const Layout layout = small_layout();
  EXPECT_EQ(layout.tensor(0).offset, 0);
  EXPECT_EQ(layout.tensor(1).offset, 128);
  EXPECT_EQ(layout.tensor(2).offset, 192);
  EXPECT_EQ(layout.tensor(0).size, 120);
  EXPECT_EQ(layout.tensor(1).size, 3);
  EXPECT_EQ(layout.tensor(2).size, 64);
  EXPECT_EQ(layout.size(), 256);
  EXPECT_EQ(layout.parameter_count(), 187);
}

TEST(Layout, padded_ranges_tile_the_arena) {
  const Layout layout = small_layout();
  EXPECT_EQ(layout.range(0), (Range{0, 128}));
  EXPECT_EQ(layout.range(1), (Range{128, 192}));
  EXPECT_EQ(layout.range(2), (Range{192, 256}));
}

TEST(Layout, names_and_shapes_are_kept_in_order) {
  Layout layout;
  EXPECT_EQ(layout.add("a", {2, 3, 4}), 0);
  EXPECT_EQ(layout.add("b", {}), 1);
  EXPECT_EQ(layout.tensors()[0].name, "a");
  EXPECT_EQ(layout.tensors()[0].shape, (std::vector<Index>{2, 3, 4}));
  EXPECT_EQ(layout.tensor(1).size, 1);  // a scalar
}

TEST(Layout, empty) {
  const Layout layout;
  EXPECT_EQ(layout.size(), 0);
  EXPECT_EQ(layout.parameter_count(), 0);
}

void expect_bug(const std::string& name, const std::vector<Index>& shape) {
  Layout layout = small_layout();
  try {
    layout.add(name, shape);
    FAIL() << "accepted " << name;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::bug);
    EXPECT_NE(std::string(error.what()).find(name), std::string::npos);
  }
  EXPECT_EQ(layout.size(), 256) << "a refused tensor must leave no trace";
}

TEST(Layout, impossible_tensors_are_refused) {
  expect_bug("encoder/0/bias", {3});
  expect_bug("", {3});
  expect_bug("empty", {3, 0});
  expect_bug("negative", {-3});
  expect_bug("huge", {std::numeric_limits<Index>::max() / 2, 3});
}

}  // namespace
}  // namespace hourglass
