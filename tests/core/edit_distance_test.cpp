#include "core/edit_distance.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(EditDistance, counts_insertions_deletions_and_replacements) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("batch", "batch"), 0U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("abc", ""), 3U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
  EXPECT_EQ(edit_distance("flaw", "lawn"), 2U);
}

TEST(Suggestion, names_the_nearest_and_only_when_it_is_near) {
  const std::vector<std::string> names = {"batch", "micro-batch", "epochs"};
  EXPECT_EQ(suggestion("bacth", names), "; did you mean 'batch'?");
  EXPECT_EQ(suggestion("micro-batsch", names), "; did you mean 'micro-batch'?");
  EXPECT_EQ(suggestion("temperature", names), "");
  EXPECT_EQ(suggestion("batch", {}), "");
}

}  // namespace
}  // namespace hourglass
