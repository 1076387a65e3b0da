#include "hourglass/core/error.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace hourglass {
namespace {

TEST(Error, of_the_operating_system_names_the_file) {
  const auto code = std::make_error_code(std::errc::filename_too_long);
  const Error file = error_of(std::filesystem::filesystem_error("status", "runs/x", code));
  EXPECT_EQ(file.kind(), ErrorKind::io);
  EXPECT_EQ(std::string(file.what()), "runs/x: " + code.message());
  const Error other = error_of(std::system_error(code, "cannot write"));
  EXPECT_EQ(std::string(other.what()), "cannot write: " + code.message());
}

}  // namespace
}  // namespace hourglass
