#include "config/duration.hpp"

#include <gtest/gtest.h>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

TEST(Duration, reads_units_and_clocks) {
  for (const auto& [text, seconds] : {std::pair{"0", 0.0},
                                      {"90", 90.0},
                                      {"3600s", 3600.0},
                                      {"55m", 3300.0},
                                      {"1.5h", 5400.0},
                                      {"2d", 172800.0},
                                      {"05:30", 330.0},
                                      {"01:30:00", 5400.0},
                                      {"2-00:00:01", 172801.0}}) {
    EXPECT_EQ(parse_duration("time-limit", text), seconds) << text;
  }
}

TEST(Duration, refuses_what_is_none_naming_the_setting) {
  for (const char* text :
       {"", "m", "5 minutes", "-3s", "1:2:3:4", "1:", ":", "1e400", "nan", "3x", "1-", "5w"}) {
    try {
      static_cast<void>(parse_duration("time-limit", text));
      ADD_FAILURE() << "'" << text << "' was taken";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage) << text;
      EXPECT_NE(std::string(error.what()).find("--time-limit"), std::string::npos) << error.what();
    }
  }
}

TEST(Duration, is_written_as_it_is_read) {
  for (const double seconds :
       {0.0, 1.0, 90.0, 2.5, 60.0, 3300.0, 3600.0, 5400.0, 86400.0, 172801.0}) {
    EXPECT_EQ(parse_duration("time-limit", format_duration(seconds)), seconds);
  }
}

}  // namespace
}  // namespace hourglass
