#include "hourglass/comm/environment.hpp"

#include <gtest/gtest.h>

#include <cctype>

namespace hourglass {
namespace {

TEST(Environment, library_version_is_a_name_and_a_number) {
  const std::string version = Environment::library_version();
  EXPECT_EQ(version.find_first_of(",\n\t"), std::string::npos) << version;
  EXPECT_NE(version.find(' '), std::string::npos) << version;
  EXPECT_LT(version.size(), 60U) << version;
  EXPECT_NE(std::isalpha(static_cast<unsigned char>(version.front())), 0) << version;
  EXPECT_NE(version.find_first_of("0123456789"), std::string::npos) << version;
}

}  // namespace
}  // namespace hourglass
