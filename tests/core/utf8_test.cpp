#include "core/utf8.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(Utf8, tells_text_from_other_encodings) {
  for (const char* text : {"", "abc",
                           "gr\xC3\xB6\xC3\x9F"
                           "e",
                           "\xE6\xB8\xA9", "\xF0\x9F\x98\x80"})
    EXPECT_TRUE(is_utf8(text)) << text;
  for (const char* text : {"gr\xF6\xDF"
                           "e",
                           "\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80"})
    EXPECT_FALSE(is_utf8(text)) << text;
}

}  // namespace
}  // namespace hourglass
