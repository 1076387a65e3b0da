#include "data/table_text.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(TableText, outputs_become_cells_in_the_units_of_the_data) {
  std::vector<Column> columns = {{"n, m", ColumnKind::number, {}, {}, ""},
                                 {"k", ColumnKind::category, {}, {"a\"b", " c", "d"}, ""},
                                 {"on", ColumnKind::boolean, {}, {"no", "yes"}, ""},
                                 {"t", ColumnKind::date, {}, {}, "%d.%m.%Y"}};
  number_features(columns);
  InputTransform transform;
  transform.mean = {10, 0, 0, 0, 0, 86400};
  transform.inverse_deviation = {0.5F, 1, 1, 1, 1, 1.0F / 86400};
  const TableText table(columns, transform);
  EXPECT_EQ(table.header(), "\"n, m\",k,on,t\n");
  std::string text;
  table.append(std::vector<float>{1.25F, 0.5F, 0.4F, 0.1F, 0.7F, 1.0F}, text);
  table.append(std::vector<float>{-6, 0.1F, 0.6F, 0.6F, 0.2F, 0.0F}, text);
  EXPECT_EQ(text, "12.5,\"a\"\"b\",yes,03.01.1970\n-2,\" c\",no,02.01.1970\n");
}

TEST(TableText, without_deviations_the_divisor_alone) {
  InputTransform transform;
  transform.divisor = 255;
  const std::vector<std::string> names = {"a", "b"};
  std::string text;
  TableText(number_columns(names), transform).append(std::vector<float>{1, 0}, text);
  EXPECT_EQ(text, "255,0\n");
}

}  // namespace
}  // namespace hourglass
