#include "hdf5/sparse_dataset.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "support/expect_error.hpp"
#include "support/sparse_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

class SparseDatasetTest : public ::testing::Test {
 protected:
  static std::vector<float> rows_of(const DatasetReader& reader, Range rows) {
    std::vector<float> values(static_cast<std::size_t>(rows.size() * reader.info().features()));
    reader.read_rows(rows, std::as_writable_bytes(std::span(values)));
    return values;
  }
  static std::vector<float> all(const DatasetReader& reader) {
    return rows_of(reader, {0, reader.info().rows()});
  }
  /// The same rows by read_sparse.
  static std::vector<float> spread_of(const DatasetReader& reader, const std::vector<Range>& runs) {
    CompressedRows rows;
    reader.read_sparse(runs, rows);
    std::vector<float> values(static_cast<std::size_t>(rows.rows() * reader.info().features()));
    spread(rows, reader.info().features(), std::as_writable_bytes(std::span(values)));
    return values;
  }
  void expect_refused(const SparseExample& example, const std::string& words) {
    const DatasetAddress address = write_sparse(file_, example);
    io_test::expect_error(ErrorKind::data, words, [&] { all(DatasetReader(address)); });
  }

  TemporaryFolder folder_;
  std::string file_ = folder_.file("x.h5");
};

TEST_F(SparseDatasetTest, gives_dense_and_sparse_rows_of_any_storage) {
  for (const bool wide : {false, true}) {
    for (const hsize_t chunk : {0, 7, 5000}) {
      SparseExample example = random_sparse(40, 23, 0.2, 5);
      example.wide = wide;
      example.chunk = chunk;
      const std::vector<float> dense = example.dense();
      const DatasetReader reader(write_sparse(file_, example));
      EXPECT_EQ(reader.info().shape, (std::vector<Index>{40, 23}));
      EXPECT_EQ(reader.info().type, ElementType::f32);
      EXPECT_EQ(reader.info().entries.count({0, 40}), example.indptr.back());
      EXPECT_EQ(all(reader), dense);
      EXPECT_EQ(rows_of(reader, {7, 9}),
                std::vector<float>(dense.begin() + 7 * 23, dense.begin() + 9 * 23));
      EXPECT_EQ(spread_of(reader, {{0, 40}}), dense);
      std::vector<float> some(dense.begin() + 3 * 23, dense.begin() + 5 * 23);
      some.insert(some.end(), dense.begin() + 30 * 23, dense.begin() + 31 * 23);
      EXPECT_EQ(spread_of(reader, {{3, 5}, {30, 31}}), some);
    }
  }
}

TEST_F(SparseDatasetTest, views_choose_rows_and_columns_of_sparse_rows) {
  const SparseExample example = random_sparse(50, 17, 0.3, 6);
  const std::vector<float> dense = example.dense();
  DatasetAddress address = write_sparse(file_, example);
  address.options.views.rows = "40:,3,0:20:3";
  address.options.views.columns = "9,2:5,0";
  const DatasetReader reader(address);
  ASSERT_TRUE(reader.info().entries.known());
  std::vector<Index> rows = {40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 3, 0, 3, 6, 9, 12, 15, 18};
  std::vector<float> expected;
  for (const Index row : rows) {
    for (const Index column : {9, 2, 3, 4, 0})
      expected.push_back(dense[static_cast<std::size_t>(row * 17 + column)]);
  }
  EXPECT_EQ(all(reader), expected);
  EXPECT_EQ(spread_of(reader, {{0, reader.info().rows()}}), expected);
  address.options.views = {};
  address.options.column_order = {16, 0, 3};
  const DatasetReader ordered(address);
  EXPECT_EQ(spread_of(ordered, {{0, 50}}), all(ordered));
}

TEST_F(SparseDatasetTest, several_files_are_one) {
  const SparseExample first = random_sparse(20, 9, 0.3, 7);
  const SparseExample second = random_sparse(13, 9, 0.3, 8);
  write_sparse(folder_.file("a.h5"), first);
  write_sparse(folder_.file("b.h5"), second);
  const DatasetReader reader({folder_.file("a.h5") + "," + folder_.file("b.h5"), "/X"});
  std::vector<float> expected = first.dense();
  const std::vector<float> more = second.dense();
  expected.insert(expected.end(), more.begin(), more.end());
  EXPECT_EQ(all(reader), expected);
  EXPECT_EQ(reader.info().entries.count({15, 25}),
            first.indptr[20] - first.indptr[15] + second.indptr[5]);
  EXPECT_EQ(spread_of(reader, {{0, 33}}), expected);
}

TEST_F(SparseDatasetTest, rows_out_of_order_are_put_in_order) {
  SparseExample example{2, 6, {0, 3, 4}, {4, 0, 2}, {40, 1, 20}};
  example.indices.push_back(5);
  example.data.push_back(50);
  const DatasetReader reader(write_sparse(file_, example));
  EXPECT_EQ(spread_of(reader, {{0, 2}}), example.dense());
}

TEST_F(SparseDatasetTest, matrices_without_marks_are_told_by_their_lengths) {
  SparseExample example = random_sparse(8, 5, 0.4, 9);
  example.encoding.clear();
  EXPECT_EQ(all(DatasetReader(write_sparse(file_, example))), example.dense());
  example = random_sparse(6, 6, 0.4, 9);
  example.encoding.clear();
  expect_refused(example, "does not say whether it is stored by rows or by columns");
  SparseExample columns = random_sparse(8, 5, 0.4, 9);
  columns.encoding.clear();
  std::swap(columns.rows, columns.columns);
  expect_refused(columns, "stored by columns (CSC)");
}

TEST_F(SparseDatasetTest, damaged_matrices_are_refused) {
  const SparseExample good = random_sparse(10, 8, 0.5, 10);
  SparseExample bad = good;
  bad.indptr[0] = 1;
  expect_refused(bad, "/indptr: begins with 1, not with 0");
  bad = good;
  bad.indptr[4] = bad.indptr[5] + 1;
  expect_refused(bad, "/indptr: falls from ");
  bad = good;
  bad.indptr[4] = -3;
  expect_refused(bad, "/indptr: falls from ");
  bad = good;
  bad.indptr.back() -= 1;
  expect_refused(bad, "/indptr: ends at ");
  bad = good;
  bad.indices.pop_back();
  expect_refused(bad, "/indices: has ");
  bad = good;
  bad.indices[3] = 8;
  expect_refused(bad, "an element in a column outside of the 8 that there are");
  bad.wide = true;
  bad.indices[3] = std::int64_t{1} << 40;
  expect_refused(bad, "an element in a column outside of the 8 that there are");
  bad.indices[3] = -1;
  expect_refused(bad, "an element in a column outside of the 8 that there are");
  bad = good;
  const auto row = static_cast<std::size_t>(bad.indptr[1]);
  ASSERT_GE(bad.indptr[2] - bad.indptr[1], 2);
  bad.indices[row + 1] = bad.indices[row];
  expect_refused(bad, "row 1 has two elements in column ");
  bad = good;
  bad.rows = 1000000000000;
  expect_refused(bad, "/indptr: has 11 elements, but a sparse matrix of 1000000000000 rows");
  bad = good;
  bad.rows = -1;
  expect_refused(bad, "its shape is not two whole numbers");
  bad = good;
  bad.columns = std::int64_t{1} << 40;
  expect_refused(bad, "impossible shape");
}

}  // namespace
}  // namespace hourglass
