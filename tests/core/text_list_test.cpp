#include "core/text_list.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

using Items = std::vector<std::string>;

TEST(TextList, trims_blanks_but_not_those_inside) {
  EXPECT_EQ(trimmed(" \ta b\r"), "a b");
  EXPECT_EQ(trimmed("  "), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(TextList, items_are_what_separators_divide) {
  EXPECT_EQ(split_list("8, 16 ,2"), (Items{"8", "16", "2"}));
  EXPECT_EQ(split_list("a"), Items{"a"});
  EXPECT_EQ(split_list("a,,b"), (Items{"a", "", "b"}));
  EXPECT_EQ(split_list("a,"), (Items{"a", ""}));
  EXPECT_EQ(split_list("a,b:c", ':'), (Items{"a,b", "c"}));
}

TEST(TextList, words_are_divided_at_any_blanks) {
  EXPECT_EQ(split_words(" --bind-to  core\t-H node1\n"),
            (std::vector<std::string>{"--bind-to", "core", "-H", "node1"}));
  EXPECT_TRUE(split_words(" ").empty());
}

TEST(TextList, csv_fields_are_quoted_when_they_must_be) {
  EXPECT_EQ(csv_field("a b"), "a b");
  EXPECT_EQ(csv_field("20,8"), "\"20,8\"");
  EXPECT_EQ(csv_field("say \"x\"\n"), "\"say \"\"x\"\"\n\"");
}

TEST(TextList, an_empty_text_has_none) {
  EXPECT_EQ(split_list(""), Items{});
  EXPECT_EQ(split_list(" "), Items{});
}

}  // namespace
}  // namespace hourglass
