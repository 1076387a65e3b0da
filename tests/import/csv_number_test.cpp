#include "import/csv_number.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <random>
#include <vector>

namespace hourglass {
namespace {

TEST(CsvNumber, is_the_nearest_double) {
  std::mt19937_64 random(7);
  const auto check = [](const std::string& text) {
    double value = 0;
    ASSERT_EQ(read_number(text, {}, value), NumberKind::finite) << text;
    EXPECT_EQ(std::bit_cast<std::uint64_t>(value),
              std::bit_cast<std::uint64_t>(std::strtod(text.c_str(), nullptr)))
        << text;
  };
  for (const char* text :
       {"0", "-0", "-0.0", "5.", ".5", "+2", "0.1", "1e22", "1e23", "9007199254740993",
        "123456789012345678901234567890", "1e-400", "4.9e-324", "0.3e-5",
        "00000000000000000000001.5", "2.2250738585072011e-308"})
    check(text);
  for (int i = 0; i < 20000; ++i) {
    char text[64];
    const double value = std::bit_cast<double>(random());
    std::snprintf(text, sizeof(text), i % 2 == 0 ? "%.17g" : "%.6g", value);
    if (std::isfinite(value)) check(text);
    std::snprintf(text, sizeof(text), "%.*f", static_cast<int>(random() % 20),
                  static_cast<double>(static_cast<std::int64_t>(random())) / 1e15);
    check(text);
  }
}

TEST(CsvNumber, other_texts) {
  double value = 0;
  for (const char* text : {"", "+", "-", ".", "1e", "e5", "1x", "1 2", "0x10", "--1", "+-1",
                           "1.2.3", "1,5", "nan", "infinit"})
    EXPECT_EQ(read_number(text, {}, value), NumberKind::no) << text;
  EXPECT_EQ(read_number("-inf", {}, value), NumberKind::infinite);
  EXPECT_EQ(read_number("1e400", {}, value), NumberKind::beyond_double);
}

TEST(CsvNumber, separators) {
  const NumberFormat german{',', '.'};
  double value = 0;
  EXPECT_EQ(read_number("-1.234.567,5", german, value), NumberKind::finite);
  EXPECT_EQ(value, -1234567.5);
  EXPECT_EQ(read_number("1234,5e2", german, value), NumberKind::finite);
  EXPECT_EQ(value, 123450);
  for (const char* text : {"1.23", "12.3456", "1234.567", ".123", "1.234,5,6", "1,5.6", "1..234"})
    EXPECT_EQ(read_number(text, german, value), NumberKind::no) << text;
  EXPECT_EQ(read_number("1 234", {'.', ' '}, value), NumberKind::finite);
  EXPECT_EQ(value, 1234);
  EXPECT_TRUE(is_foreign_number("1,5", {}));
  EXPECT_TRUE(is_foreign_number("1,234,567", {}));
  EXPECT_FALSE(is_foreign_number("pear, 5", {}));
  EXPECT_FALSE(is_foreign_number("12-5", {}));
}

TEST(CsvNumber, a_line_of_numbers_is_read_at_once) {
  std::vector<double> values;
  const auto read = [&](std::string_view line) {
    values.clear();
    return for_each_number(line, ',', [&](Index column, double value, std::string_view) {
      EXPECT_EQ(column, static_cast<Index>(values.size()));
      values.push_back(value);
    });
  };
  EXPECT_EQ(read("1, 2.5 ,-3e2"), 3);
  EXPECT_EQ(values, (std::vector<double>{1, 2.5, -300}));
  for (const char* line : {"", "1,", ",1", "1,x", "1,\"2\"", "1 2", "1,nan", "1\t2"})
    EXPECT_EQ(read(line), -1) << line;
}

TEST(CsvNumber, digits_that_single_precision_loses) {
  const auto loses = [](const char* text) {
    return loses_digits(text, std::strtod(text, nullptr));
  };
  for (const char* text : {"1700000000123", "16777217", "-123456789", "1700000000123.0"})
    EXPECT_TRUE(loses(text)) << text;
  for (const char* text : {"16777216", "33554436", "100000000000000000000", "3e20", "0.123456789",
                           "12345678.5", "1234567", "123456700000000"})
    EXPECT_FALSE(loses(text)) << text;
}

}  // namespace
}  // namespace hourglass
