#include "system/secret_token.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(SecretToken, has_128_bits_that_differ_each_time) {
  const std::string token = secret_token();
  EXPECT_EQ(token.size(), 32U);
  EXPECT_EQ(token.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(token, secret_token());
}

TEST(EqualInConstantTime, compares_every_character) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  for (const char* other : {"", "ab", "abcd", "xbc", "axc", "abx"})
    EXPECT_FALSE(equal_in_constant_time("abc", other)) << other;
}

}  // namespace
}  // namespace hourglass
