#include "core/missing.hpp"

#include <gtest/gtest.h>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

TEST(Missing, names_there_and_back) {
  EXPECT_EQ(missing_names(), std::vector<std::string>({"refuse", "mask", "mean"}));
  for (const std::string& name : missing_names()) EXPECT_EQ(name_of(missing_from(name)), name);
  EXPECT_THROW((void)missing_from("drop"), Error);
}

}  // namespace
}  // namespace hourglass
