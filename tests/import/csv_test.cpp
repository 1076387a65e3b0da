#include "import/csv.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "import/import_files.hpp"
#include "support/one_rank.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

std::vector<std::string> split(std::string_view line, char delimiter = ',') {
  CsvSplitter splitter(delimiter);
  const auto cells = splitter.split(line);
  return {cells.begin(), cells.end()};
}

TEST(Csv, lines_are_split_into_cells) {
  using Cells = std::vector<std::string>;
  EXPECT_EQ(split("1, 2 ,,x y"), (Cells{"1", "2", "", "x y"}));
  EXPECT_EQ(split("\"a, \"\"b\"\"\" ,2"), (Cells{"a, \"b\"", "2"}));
  EXPECT_EQ(split("1\t2\t", '\t'), (Cells{"1", "2", ""}));
  EXPECT_EQ(split("\"a\",\"b\",\"\""), (Cells{"a", "b", ""}));
  EXPECT_EQ(split("a;b", ';'), (Cells{"a", "b"}));
  expect_error([] { split("1,\"open"); }, ErrorKind::data, {"not closed"});
  expect_error([] { split("\"a\"b,1"); }, ErrorKind::data, {"follows a closing quote"});
}

template <class T>
T number(std::string_view cell, ElementType type) {
  T value{};
  store_number(cell, type, reinterpret_cast<std::byte*>(&value));
  return value;
}

TEST(Csv, numbers_are_read_exactly_or_refused) {
  EXPECT_EQ(number<float>("0.1", ElementType::f32), 0.1F);
  EXPECT_EQ(number<double>("+1.5e3", ElementType::f64), 1500.0);
  EXPECT_EQ(number<float>("1e-400", ElementType::f32), 0.0F);
  EXPECT_EQ(number<std::uint8_t>("255", ElementType::u8), 255);
  EXPECT_EQ(number<std::int64_t>("-9223372036854775808", ElementType::i64),
            std::numeric_limits<std::int64_t>::min());
  const auto refused = [](const char* cell, ElementType type, const char* part) {
    std::byte memory[8];
    expect_error([&] { store_number(cell, type, memory); }, ErrorKind::data, {part});
  };
  for (const char* missing : {"", "NA", "nan", "NaN", "null", "?"})
    refused(missing, ElementType::f32, "missing value");
  refused("12abc", ElementType::f32, "'12abc' is not a number");
  refused("+", ElementType::f32, "not a number");
  refused("1e39", ElementType::f32, "beyond");
  refused("1e400", ElementType::f64, "beyond");
  refused("inf", ElementType::f64, "infinite");
  refused("256", ElementType::u8, "beyond");
  refused("-1", ElementType::u8, "not a whole number");
  refused("1.5", ElementType::i32, "not a whole number");
}

class CsvFile : public testing::Test {
 protected:
  std::shared_ptr<const CsvTable> scan(std::string_view text, const CsvSettings& settings = {}) {
    write_text(path_, text);
    last_ = scan_csv(one_rank(), std::span(&path_, 1), settings).front();
    return last_;
  }
  std::vector<float> samples(std::string_view text, const CsvSettings& settings = {}) {
    const auto rows = csv_samples(scan(text, settings));
    shape_ = rows->shape();
    std::vector<float> values(static_cast<std::size_t>(rows->rows() * rows->row_bytes()) /
                              sizeof(float));
    rows->read_rows({0, rows->rows()}, std::as_writable_bytes(std::span(values)));
    return values;
  }
  void expect_refused(std::string_view text, const CsvSettings& settings, ErrorKind kind,
                      const std::vector<std::string>& parts) {
    expect_error([&] { samples(text, settings); }, kind, parts);
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("t.csv");
  std::vector<Index> shape_;
  std::shared_ptr<const CsvTable> last_;
  std::vector<std::string> classes_;
};

TEST_F(CsvFile, samples_with_and_without_header) {
  const std::vector<float> values = {1, 2, 3, 4};
  EXPECT_EQ(samples("a,b\n1,2\n3,4\n"), values);
  EXPECT_EQ(shape_, (std::vector<Index>{2, 2}));
  EXPECT_EQ(samples("1,2\r\n3,4"), values);
  EXPECT_EQ(samples("\xEF\xBB\xBFx\ty\r\n\r\n1\t2\r\n3\t4\r\n\n"), values);
  EXPECT_EQ(samples("9,8\n1,2\n3,4\n", {.header = "true"}), values);
  EXPECT_EQ(
      samples("id,a,kind,b\n7,1,x,2\n8,3,y,4\n", {.label_column = "kind", .drop_columns = {"id"}}),
      values);
  EXPECT_EQ(samples("a\n1\n2\n3\n4\n"), values);
  EXPECT_EQ(samples("1,2,x\n3,4,y\n", {.header = "false", .label_column = "3"}), values);
  EXPECT_EQ(samples(",a\n1,2\n3,4\n", {.numeric = {"1"}}), values);
  EXPECT_EQ(samples(",a\n7,1\n5,2\n9,3\n6,4\n"), values);  // an index, as pandas writes it
  EXPECT_EQ(samples(",0,1\n0,1,2\n1,3,4\n"), values);
  EXPECT_EQ(samples("0,1,2\n1,2,3\n", {.drop_columns = {"2"}}), (std::vector<float>{1, 2}));
}

TEST_F(CsvFile, labels_are_numbers_or_numbered_texts) {
  const auto labels = [&](std::string_view text) {
    const auto rows = csv_labels(scan(text, {.label_column = "k"}));
    std::vector<std::int64_t> values(static_cast<std::size_t>(rows->rows()));
    rows->read_rows({0, rows->rows()}, std::as_writable_bytes(std::span(values)));
    return std::pair{values, rows->classes()};
  };
  EXPECT_EQ(labels("k,x\n-3,1\n10,1\n").first, (std::vector<std::int64_t>{-3, 10}));
  const auto [numbers, names] = labels("x,k\n1,eel\n1,cat\n1,eel\n");
  EXPECT_EQ(numbers, (std::vector<std::int64_t>{1, 0, 1}));
  EXPECT_EQ(names, (std::vector<std::string>{"cat", "eel"}));
  expect_error([&] { labels("x,k\n1,eel\n1,\n"); }, ErrorKind::data,
               {"line 3", "'k'", "missing label"});
}

TEST_F(CsvFile, every_kind_of_column_has_its_features) {
  const std::vector<float> found =
      samples("n,kind,on,day\n1.5,b,True,1970-01-02\n,a,False,1970-01-01\n2,,,\n",
              {.type = ElementType::f32});
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> expected = {1.5F, 0, 1, 1,   86400, nan, 1,  0,
                                       0,    0, 2, nan, nan,   nan, nan};
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_TRUE(found[i] == expected[i] || (std::isnan(found[i]) && std::isnan(expected[i]))) << i;
  }
  const CsvSchema& schema = schema_of(*last_);
  ASSERT_EQ(schema.columns.size(), 4U);
  EXPECT_EQ(schema.columns[1].vocabulary, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(schema.columns[2].vocabulary, (std::vector<std::string>{"False", "True"}));
  EXPECT_EQ(schema.columns[3].format, "%Y-%m-%d");
  EXPECT_EQ(schema.columns[3].features, (Range{4, 5}));
  EXPECT_EQ(feature_names(schema.columns),
            (std::vector<std::string>{"n", "kind=a", "kind=b", "on", "day"}));
}

TEST_F(CsvFile, quoted_cells_may_hold_line_breaks) {
  EXPECT_EQ(samples("a,t\r\n1,\"x\r\ny\"\r\n2,\"x\"\"\n\"\r\n3,\"x\r\ny\"\r\n"),
            (std::vector<float>{1, 1, 0, 2, 0, 1, 3, 1, 0}));
  EXPECT_EQ(schema_of(*last_).columns[1].vocabulary, (std::vector<std::string>{"x\r\ny", "x\"\n"}));
  expect_refused("a,t\n1,\"x\n\ny\"\n2\n", {}, ErrorKind::data, {"line 5", "has 1 cells"});
}

TEST_F(CsvFile, decimal_commas_and_thousands) {
  EXPECT_EQ(samples("a;b\n1,5;1.234.567,25\n-2;3\n", {.numbers = {',', '.'}}),
            (std::vector<float>{1.5F, 1234567.25F, -2, 3}));
  expect_refused("a;b\n1,5;2\n", {}, ErrorKind::data,
                 {"line 2", "column 'a'", "'1,5' is not a number", "--decimal ,"});
  expect_refused("a;b\n1.2345,5;2\n1,5;3\n", {.numbers = {',', '.'}}, ErrorKind::data,
                 {"column 'a'"});
}

TEST_F(CsvFile, double_precision_where_single_loses_digits) {
  const auto type = [&](std::string_view text) { return schema_of(*scan(text)).type; };
  EXPECT_EQ(type("t\n1700000000123\n1700000000124\n"), ElementType::f64);
  EXPECT_EQ(type("t\n1700000000.5\n1700000010.25\n"), ElementType::f64);
  EXPECT_EQ(type("t\n16777216\n3e20\n0.1\n"), ElementType::f32);
  EXPECT_EQ(type("t\n0.1\n0.1\n"), ElementType::f32);
  EXPECT_EQ(type("t\n0.123456789012345\n-17.1\n"), ElementType::f32);
  EXPECT_EQ(type("t\n2024-01-01 00:00:01\n"), ElementType::f64);
  EXPECT_EQ(type("t\n2024-01-01\n"), ElementType::f32);
}

TEST_F(CsvFile, dates_in_an_order_that_is_plain) {
  EXPECT_EQ(samples("d\n02.01.1970\n03.01.1970\n"), (std::vector<float>{86400, 172800}));
  EXPECT_EQ(samples("d\n1/2/1970\n1/13/1970\n"), (std::vector<float>{86400, 12 * 86400}));
  expect_refused("d\n1/2/1970\n3/2/1970\n", {}, ErrorKind::data,
                 {"column 'd'", "--date-order dmy"});
  EXPECT_EQ(samples("d\n1/2/1970\n3/2/1970\n", {.date_order = "dmy"}),
            (std::vector<float>{31 * 86400, 33 * 86400}));
}

TEST_F(CsvFile, texts_among_numbers_and_too_many_texts_are_refused) {
  expect_refused("a,b\n1,2\nx,3\n", {}, ErrorKind::data,
                 {"line 3", "column 'a'", "'x' is not a number", "--categorical a"});
  EXPECT_EQ(samples("a,b\n10,2\n9,3\n", {.categorical = {"a"}}),
            (std::vector<float>{0, 1, 2, 1, 0, 3}));
  std::string text = "name\n";
  for (int i = 0; i < 1001; ++i) text += "name " + std::to_string(i) + "\n";
  expect_refused(text, {}, ErrorKind::data, {"1001 different texts", "--drop-columns name"});
  expect_refused("a,b\nx\xFF,1\n", {}, ErrorKind::data, {"column 'a'", "UTF-8", "iconv"});
}

TEST_F(CsvFile, several_files_are_matched_by_name) {
  const std::vector<std::string> paths = {folder_.file("p.csv"), folder_.file("q.csv")};
  const auto both = [&](std::string_view first, std::string_view second,
                        const CsvSettings& settings) {
    write_text(paths[0], first);
    write_text(paths[1], second);
    std::vector<float> values;
    const auto tables = scan_csv(one_rank(), paths, settings);
    for (const auto& table : tables) {
      const auto rows = csv_samples(table);
      std::vector<float> part(static_cast<std::size_t>(rows->rows() * rows->row_bytes()) / 4);
      rows->read_rows({0, rows->rows()}, std::as_writable_bytes(std::span(part)));
      values.insert(values.end(), part.begin(), part.end());
    }
    classes_ = schema_of(*tables.front()).classes;
    return values;
  };
  EXPECT_EQ(both("x,y,z\n1,2,3\n", "z,x,y\n3,1,2\n", {}), (std::vector<float>{1, 2, 3, 1, 2, 3}));
  EXPECT_EQ(both("x,k,l\n1,b,pear\n", "l,x,k\napple,2,a\n", {.label_column = "l"}),
            (std::vector<float>{1, 0, 1, 2, 1, 0}));
  EXPECT_EQ(classes_, (std::vector<std::string>{"apple", "pear"}));
  expect_error([&] { both("x,y\n1,2\n", "x\n1\n", {}); }, ErrorKind::data,
               {"q.csv: has no column 'y'"});
  expect_error([&] { both("x\n1\n", "x,y\n1,2\n", {}); }, ErrorKind::data,
               {"q.csv: has a column 'y'"});
  CsvSettings like;
  like.like = CsvPattern{"train.h5", {{"k", ColumnKind::category, {}, {"a", "b"}, ""}}, {"pear"}};
  like.label_column = "l";
  EXPECT_EQ(both("x,k,l\n1,b,pear\n", "l,x,k\napple,2,c\n", like),
            (std::vector<float>{0, 1, 0, 0}));  // c is unknown: all 0
  EXPECT_EQ(classes_, (std::vector<std::string>{"pear", "apple"}));
}

TEST_F(CsvFile, bad_lines_are_named) {
  expect_refused("a,b\n1,2\n\n3\n", {}, ErrorKind::data,
                 {path_ + ": line 4: has 1 cells, the first line has 2"});
  expect_refused("a,b\n1,2\n3,x\n", {}, ErrorKind::data,
                 {"line 3", "column 'b'", "'x' is not a number"});
  expect_refused("a,b\n1,NA\n", {}, ErrorKind::data, {"line 2", "column 'b'", "missing"});
  expect_refused("a,b\n1,NA\n2,3\n", {.type = ElementType::u8}, ErrorKind::data,
                 {"line 2", "column 'b'", "missing value"});
  expect_refused("1,2\n3,\"4\n", {}, ErrorKind::data, {"line 2", "not closed"});
  expect_refused("a,a\n1,2\n", {}, ErrorKind::data, {"two columns are named 'a'"});
  expect_refused("a,b\n", {}, ErrorKind::data, {"holds no samples"});
  expect_refused("1,,x\n1,2,y\n", {}, ErrorKind::data,
                 {"line 1", "numbers and texts", "--header false"});
  expect_refused("1,,x\n1,2,y\n", {.header = "false", .label_column = "3", .type = ElementType::u8},
                 ErrorKind::data, {"line 1", "column '2'", "missing"});
  expect_refused("", {}, ErrorKind::data, {"empty"});
  for (const char* mark : {"\xEF", "\xEF\xBB", "\xEF\xBB\xBF"})
    expect_refused(mark, {}, ErrorKind::data, {path_});
  expect_refused("\x1f\x8b\x08", {}, ErrorKind::data, {"compressed"});
  expect_refused("a,b\n1,2\n", {.label_column = "c"}, ErrorKind::usage, {"no column 'c'", "a, b"});
  expect_refused("a\n1\n", {.label_column = "a"}, ErrorKind::data, {"no column is left"});
}

}  // namespace
}  // namespace hourglass
