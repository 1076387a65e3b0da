#include "hdf5/hdf5.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using namespace io_test;

TEST(DatasetAddressTest, splits_at_the_last_colon_slash) {
  EXPECT_EQ(parse_address("a.h5").file, "a.h5");
  EXPECT_EQ(parse_address("a.h5").path, "");
  EXPECT_EQ(parse_address("a.h5:/x/y").file, "a.h5");
  EXPECT_EQ(parse_address("a.h5:/x/y").path, "/x/y");
  EXPECT_EQ(parse_address("a:b:/c.h5:/x").file, "a:b:/c.h5");
  EXPECT_EQ(parse_address("a.h5:/").path, "");
  EXPECT_EQ(parse_address("a.h5:/x/").path, "/x");
  EXPECT_EQ(to_string(parse_address("a.h5:/x/y")), "a.h5:/x/y");
  EXPECT_EQ(to_string(parse_address("a.h5")), "a.h5");
  expect_error(ErrorKind::usage, "names no file", [] { (void)parse_address(":/x"); });
  expect_error(ErrorKind::usage, "names no file", [] { (void)parse_address(""); });
}

}  // namespace
}  // namespace hourglass
