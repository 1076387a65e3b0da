#include "data/date_time.hpp"

#include <gtest/gtest.h>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

double seconds(std::string_view text, DateOrder order = DateOrder::year_first) {
  const auto date = read_date(text);
  EXPECT_TRUE(date.has_value()) << text;
  return date && fits(*date, order) ? seconds_since_1970(*date, order) : -1;
}

TEST(DateTime, iso_8601_in_seconds_since_1970) {
  EXPECT_EQ(seconds("1970-01-01"), 0);
  EXPECT_EQ(seconds("2024-02-29"), 1709164800);
  EXPECT_EQ(seconds("2024-02-29T12:30"), 1709164800 + 45000);
  EXPECT_EQ(seconds("2024-02-29 12:30:05.25"), 1709164800 + 45005.25);
  EXPECT_EQ(seconds("2024-02-29T12:30:05Z"), 1709164800 + 45005);
  EXPECT_EQ(seconds("2024-02-29T12:30:05+01:30"), 1709164800 + 45005 - 5400);
  EXPECT_EQ(seconds("2024-02-29T12:30:05-0130"), 1709164800 + 45005 + 5400);
  EXPECT_EQ(seconds("1969-12-31"), -86400);
  EXPECT_EQ(seconds("2024/2/29"), 1709164800);
}

TEST(DateTime, other_orders) {
  EXPECT_EQ(seconds("29.02.2024", DateOrder::day_first), 1709164800);
  EXPECT_EQ(seconds("2/29/2024 01:00", DateOrder::month_first), 1709164800 + 3600);
  const auto both = read_date("3/4/2024");
  ASSERT_TRUE(both.has_value());
  EXPECT_TRUE(fits(*both, DateOrder::day_first) && fits(*both, DateOrder::month_first));
  EXPECT_FALSE(fits(*both, DateOrder::year_first));
}

TEST(DateTime, other_texts_are_no_dates) {
  for (const char* text :
       {"", "2024", "2024-13-01", "2023-02-29", "2024-1", "1.5", "2024-01-01x", "2024-01-01 25:00",
        "2024-01-01 10:61", "2024-01/01", "1.2.3.4", "20240101", "2024-01-01T", "99999-01-01",
        "2024-01-01 10:00:00.", "2024-01-01 10:00:00.0123456789", "2024-01-01 10:00+25:00"}) {
    EXPECT_FALSE(read_date(text).has_value()) << text;
  }
}

TEST(DateTime, texts_come_back_in_their_format) {
  for (const auto& [text, order] : {std::pair{"2024-02-29", DateOrder::year_first},
                                    std::pair{"1969-12-31 23:59", DateOrder::year_first},
                                    std::pair{"2024-02-29T12:30:05Z", DateOrder::year_first},
                                    std::pair{"29.02.2024 12:30:05.125", DateOrder::day_first},
                                    std::pair{"02/29/2024", DateOrder::month_first}}) {
    auto date = read_date(text);
    ASSERT_TRUE(date.has_value());
    DateFormat format = date->format;
    format.order = order;
    EXPECT_EQ(date_format_from(to_string(format)), format) << text;
    EXPECT_EQ(date_text(seconds_since_1970(*date, order), format), text);
  }
  EXPECT_THROW(static_cast<void>(date_format_from("%Q")), Error);
}

TEST(DateTime, times_are_rounded_to_what_is_shown) {
  EXPECT_EQ(date_text(86399.6, date_format_from("%Y-%m-%d %H:%M:%S")), "1970-01-02 00:00:00");
  EXPECT_EQ(date_text(86399.6, date_format_from("%Y-%m-%d")), "1970-01-02");
  EXPECT_EQ(date_text(-1, date_format_from("%Y-%m-%d %H:%M")), "1970-01-01 00:00");
  EXPECT_EQ(date_text(1e300, date_format_from("%Y-%m-%d")), "9999-12-31");
  EXPECT_EQ(date_text(-1e300, date_format_from("%Y-%m-%d")), "0000-01-01");
}

}  // namespace
}  // namespace hourglass
