#include "import/csv.hpp"

#include <gtest/gtest.h>

#include <cstring>
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
    return scan_csv(one_rank(), path_, settings);
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
  EXPECT_EQ(samples(",a\n1,2\n3,4\n"), values);
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

TEST_F(CsvFile, bad_lines_are_named) {
  expect_refused("a,b\n1,2\n\n3\n", {}, ErrorKind::data,
                 {path_ + ": line 4: has 1 cells, the first line has 2"});
  expect_refused("a,b\n1,2\n3,x\n", {}, ErrorKind::data,
                 {"line 3", "column 'b'", "'x' is not a number"});
  expect_refused("a,b\n1,NA\n", {}, ErrorKind::data, {"line 2", "column 'b'", "missing value"});
  expect_refused("1,2\n3,\"4\n", {}, ErrorKind::data, {"line 2", "not closed"});
  expect_refused("a,a\n1,2\n", {}, ErrorKind::data, {"two columns are named 'a'"});
  expect_refused("a,b\n", {}, ErrorKind::data, {"holds no samples"});
  expect_refused("1,,x\n1,2,y\n", {}, ErrorKind::data,
                 {"line 1", "numbers and texts", "--header false"});
  expect_refused("1,,x\n1,2,y\n", {.header = "false", .label_column = "3"}, ErrorKind::data,
                 {"line 1", "column '2'", "missing"});
  expect_refused("", {}, ErrorKind::data, {"empty"});
  for (const char* mark : {"\xEF", "\xEF\xBB", "\xEF\xBB\xBF"})
    expect_refused(mark, {}, ErrorKind::data, {path_});
  expect_refused("\x1f\x8b\x08", {}, ErrorKind::data, {"compressed"});
  expect_refused("a,b\n1,2\n", {.label_column = "c"}, ErrorKind::usage, {"no column 'c'", "a, b"});
  expect_refused("a\n1\n", {.label_column = "a"}, ErrorKind::data, {"no column is left"});
}

}  // namespace
}  // namespace hourglass
