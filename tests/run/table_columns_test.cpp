#include "run/table_columns.hpp"

#include <gtest/gtest.h>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

std::vector<Column> example() {
  std::vector<Column> columns = {{"n", ColumnKind::number, {}, {}, ""},
                                 {"t", ColumnKind::date, {}, {}, "%Y-%m-%d"},
                                 {"k", ColumnKind::category, {}, {"a", "b"}, ""},
                                 {"l", ColumnKind::category, {}, {"c", "d"}, ""},
                                 {"on", ColumnKind::boolean, {}, {"no", "yes"}, ""},
                                 {"m", ColumnKind::number, {}, {}, ""}};
  number_features(columns);
  return columns;
}

TEST(TableColumns, groups_follow_the_columns) {
  using Kind = OutputGroup::Kind;
  const std::vector<OutputGroup> plain = {{Kind::linear, {0, 2}, 2, 1},
                                          {Kind::softmax, {2, 4}, 1, 1},
                                          {Kind::softmax, {4, 6}, 1, 1},
                                          {Kind::sigmoid, {6, 7}, 1, 1},
                                          {Kind::linear, {7, 8}, 1, 1}};
  EXPECT_EQ(output_groups(example(), ""), plain);
  const auto weighted = output_groups(example(), "t=0, k=2.5");
  ASSERT_EQ(weighted.size(), 6U);
  EXPECT_EQ(weighted[1], (OutputGroup{Kind::linear, {1, 2}, 1, 0}));
  EXPECT_EQ(weighted[2].weight, 2.5F);
}

TEST(TableColumns, weights_that_mean_nothing_are_refused) {
  for (const char* text :
       {"k", "k=", "k=x", "k=-1", "k=nan", "z=1", "k=1e40", "n=0,t=0,k=0,l=0,on=0,m=0"}) {
    EXPECT_THROW(static_cast<void>(output_groups(example(), text)), Error) << text;
  }
}

TEST(TableColumns, are_kept_in_headers) {
  StateHeader header;
  store_columns({}, header);
  EXPECT_TRUE(header.texts.empty());
  store_columns(example(), header);
  TrainConfig config;
  config.model.loss = Loss::mixed;
  config.group_weights = "k=2";
  TrainConfig without = config;
  load_columns(header, "m.h5", config);
  EXPECT_EQ(config.columns, example());
  EXPECT_EQ(config.model.groups, output_groups(example(), "k=2"));
  EXPECT_THROW(load_columns({}, "m.h5", without), Error);
}

}  // namespace
}  // namespace hourglass
