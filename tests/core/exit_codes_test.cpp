#include "core/exit_codes.hpp"

#include <gtest/gtest.h>

#include <set>

namespace hourglass {
namespace {

TEST(ExitCodes, every_kind_is_listed_once_in_ascending_order) {
  std::set<std::string_view> names;
  int last = 0;
  for (const ExitCode& row : exit_codes) {
    EXPECT_GT(row.code(), last) << row.name;
    last = row.code();
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.meaning.empty()) << row.name;
    EXPECT_EQ(Error(row.kind, "message").exit_code(), row.code());
  }
  // The compiler complains of this switch when a kind is added; the table needs it as well.
  for (const ExitCode& row : exit_codes) {
    switch (row.kind) {
      case ErrorKind::usage:
      case ErrorKind::data:
      case ErrorKind::rank:
      case ErrorKind::bug:
      case ErrorKind::io:
      case ErrorKind::stopped:
      case ErrorKind::diverged:
        names.erase(row.name);
    }
  }
  EXPECT_TRUE(names.empty());
  EXPECT_EQ(exit_codes.size(), 7U);
}

TEST(ExitCodes, kind_of_exit_code_is_the_inverse) {
  for (const ExitCode& row : exit_codes) EXPECT_EQ(kind_of_exit_code(row.code()), row.kind);
  for (const int code : {0, 1, 63, 77, 127, 137, 143})
    EXPECT_FALSE(kind_of_exit_code(code).has_value()) << code;
}

}  // namespace
}  // namespace hourglass
