#include "data/data_identity.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"

namespace hourglass {
namespace {

DataIdentity images() {
  DataIdentity identity;
  identity.type = ElementType::u8;
  identity.sample_shape = {28, 24, 3};
  identity.normalize = Normalize::unit;
  identity.range.lowest = 0;
  identity.range.highest = 254.5;
  identity.range.whole = false;
  identity.range.rows = 60000;
  identity.units = "K";
  identity.feature_names = {"a b", "ü", ""};
  return identity;
}

TEST(DataIdentity, is_read_back_as_it_was_stored) {
  const DataIdentity stored = images();
  std::map<std::string, std::string> texts = {{"tool_version", "0.2"}};
  store_identity(stored, texts);
  const auto read = load_identity(texts, "m.h5");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->type, stored.type);
  EXPECT_EQ(read->sample_shape, stored.sample_shape);
  EXPECT_EQ(read->features(), 28 * 24 * 3);
  EXPECT_EQ(read->normalize, stored.normalize);
  EXPECT_EQ(read->range.lowest, 0);
  EXPECT_EQ(read->range.highest, 254.5);
  EXPECT_FALSE(read->range.whole);
  EXPECT_EQ(read->range.rows, 60000);
  EXPECT_EQ(read->units, "K");
  EXPECT_EQ(read->feature_names, stored.feature_names);
}

TEST(DataIdentity, files_of_before_have_none) {
  EXPECT_FALSE(load_identity({{"tool_version", "0.1.0"}}, "m.h5"));
}

TEST(DataIdentity, unknown_fields_are_left_out_and_missing_ones_keep_their_default) {
  const auto read = load_identity({{"data_version", "7"}, {"data_colour", "red"}}, "m.h5");
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->sample_shape.empty());
  EXPECT_EQ(read->features(), 1);
  EXPECT_FALSE(read->range.known());
  EXPECT_TRUE(read->feature_names.empty());
}

TEST(DataIdentity, damaged_fields_are_named) {
  for (const auto& [field, text] : {std::pair{"data_type", "float8"},
                                    {"data_shape", "3xx4"},
                                    {"data_shape", "-1"},
                                    {"data_range", "0"},
                                    {"data_range", "0 many"},
                                    {"data_normalize", "log"}}) {
    io_test::expect_error(ErrorKind::data, field, [&, f = field, t = text] {
      static_cast<void>(load_identity({{"data_version", "1"}, {f, t}}, "m.h5"));
    });
  }
}

TEST(DataIdentity, unknown_facts_are_not_stored) {
  DataIdentity identity;
  std::map<std::string, std::string> texts;
  store_identity(identity, texts);
  for (const char* name : {"data_range", "data_range_rows", "data_units", "feature_names"})
    EXPECT_FALSE(texts.contains(name)) << name;
}

TEST(DataIdentity, names_are_lines) {
  EXPECT_EQ(names_text({"a\nb", " c "}), "a b\nc");
  EXPECT_EQ(names_text({}), "");
}

TEST(DataIdentity, describes_itself) {
  DataIdentity identity = images();
  EXPECT_EQ(describe(identity), "uint8, 28 x 24 x 3, values from 0 to 254.5, units K");
  identity.sample_shape.clear();
  identity.units.clear();
  identity.range = {};
  EXPECT_EQ(describe(identity), "uint8, 1");
}

}  // namespace
}  // namespace hourglass
