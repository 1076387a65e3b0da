#include "data/columns.hpp"

#include <gtest/gtest.h>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

std::vector<Column> example() {
  std::vector<Column> columns = {{"n", ColumnKind::number, {}, {}, ""},
                                 {"k", ColumnKind::category, {}, {"a", "\"b\"\n"}, ""},
                                 {"on", ColumnKind::boolean, {}, {"no", "yes"}, ""},
                                 {"t", ColumnKind::date, {}, {}, "%Y-%m-%d"}};
  EXPECT_EQ(number_features(columns), 5);
  return columns;
}

TEST(Columns, are_kept_as_json) {
  const auto columns = example();
  EXPECT_EQ(columns_from(columns_text(columns), "x"), columns);
  EXPECT_EQ(feature_names(columns), (std::vector<std::string>{"n", "k=a", "k=\"b\"\n", "on", "t"}));
  EXPECT_EQ(describe_columns(columns), "1 number, 1 category, 1 boolean, 1 date");
  EXPECT_TRUE(has_kinds(columns));
  EXPECT_FALSE(has_kinds(number_columns(std::vector<std::string>{"x", "y"})));
}

TEST(Columns, that_do_not_fit_are_refused) {
  for (const char* bad :
       {"", "[", "{}", "3", "[{}]", "[1]", R"([{"name":"a","kind":"odd","first":0,"count":1}])",
        R"([{"name":"a","kind":"number","first":1,"count":1}])",
        R"([{"name":"a","kind":"number","first":0,"count":2}])",
        R"([{"name":"a","kind":"category","first":0,"count":2,"vocabulary":["a"]}])",
        R"([{"name":"a","kind":"boolean","first":0,"count":1}])",
        R"([{"name":"a","kind":"date","first":0,"count":1,"format":"x"}])",
        R"([{"name":3,"kind":"number","first":0,"count":1}])"}) {
    EXPECT_THROW(static_cast<void>(columns_from(bad, "x")), Error) << bad;
  }
}

}  // namespace
}  // namespace hourglass
