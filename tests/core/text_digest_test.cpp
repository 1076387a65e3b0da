#include "core/text_digest.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

// The published test value of XXH3-128 for an empty input with seed 0.
TEST(TextDigest, of_an_empty_text_is_the_published_value) {
  EXPECT_EQ(text_digest(""), "99aa06d3014798d86001c324468d497f");
}

TEST(TextDigest, differs_for_different_texts) {
  EXPECT_NE(text_digest("a"), text_digest("b"));
  EXPECT_EQ(text_digest("a"), text_digest(std::string("a")));
}

}  // namespace
}  // namespace hourglass
