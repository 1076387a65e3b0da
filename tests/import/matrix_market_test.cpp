#include "import/matrix_market.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>
#include <fstream>

#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

class MatrixMarketTest : public ::testing::Test {
 protected:
  std::string write(const std::string& text, const std::string& name = "m.mtx") {
    std::ofstream(folder_.file(name), std::ios::binary) << text;
    return folder_.file(name);
  }
  std::string write_packed(const std::string& text, const std::string& name) {
    const std::string path = folder_.file(name);
    gzFile file = gzopen(path.c_str(), "wb");
    EXPECT_EQ(gzwrite(file, text.data(), static_cast<unsigned>(text.size())),
              static_cast<int>(text.size()));
    gzclose(file);
    return path;
  }

  template <class T>
  static std::vector<T> dense(SparseReader& reader) {
    std::vector<Index> starts = {0};
    for (const Index count : reader.count(Communicator::self()))
      starts.push_back(starts.back() + count);
    CompressedRows rows;
    reader.read({0, reader.samples()}, RowEntries(std::move(starts)), rows);
    std::vector<T> values(static_cast<std::size_t>(reader.samples() * reader.features()));
    spread(rows, reader.features(), std::as_writable_bytes(std::span(values)));
    return values;
  }

  const std::string integers_ =
      "%%MatrixMarket matrix coordinate integer general\n% words\n%\n\n2 3 3\n2 3 -7\n1 1 5\n"
      "  2\t1 4  \r\n";
  TemporaryFolder folder_;
};

TEST_F(MatrixMarketTest, elements_in_any_order_become_rows) {
  for (const std::string& path : {write(integers_), write_packed(integers_, "p.mtx.gz")}) {
    const auto reader = open_matrix_market(path, {});
    EXPECT_EQ(reader->type(), ElementType::i32);
    EXPECT_EQ(dense<std::int32_t>(*reader), (std::vector<std::int32_t>{5, 0, 0, 4, 0, -7}));
    const auto columns = open_matrix_market(path, {true, ElementType::f64});
    EXPECT_EQ(columns->samples(), 3);
    EXPECT_EQ(dense<double>(*columns), (std::vector<double>{5, 4, 0, 0, 0, -7}));
  }
}

TEST_F(MatrixMarketTest, fields_give_the_type) {
  const auto pattern = open_matrix_market(
      write("%%matrixmarket MATRIX coordinate pattern general\n1 2 1\n1 2\n"), {});
  EXPECT_EQ(dense<std::uint8_t>(*pattern), (std::vector<std::uint8_t>{0, 1}));
  const auto real = open_matrix_market(
      write("%%MatrixMarket matrix coordinate real general\n1 2 2\n1 2 1e-3\n1 1 +2"), {});
  EXPECT_EQ(dense<float>(*real), (std::vector<float>{2, 1e-3F}));
  const auto whole =
      open_matrix_market(write("%%MatrixMarket matrix coordinate real general\n1 2 1\n1 2 3.0\n"),
                         {false, ElementType::u16});
  EXPECT_EQ(dense<std::uint16_t>(*whole), (std::vector<std::uint16_t>{0, 3}));
}

TEST_F(MatrixMarketTest, numbers_beyond_the_type_are_refused) {
  for (const char* number : {"70000", "-1", "1.5", "x", "", "1 1"}) {
    const auto reader = open_matrix_market(
        write(std::string("%%MatrixMarket matrix coordinate real general\n1 2 1\n1 2 ") + number),
        {false, ElementType::u16});
    io_test::expect_error(ErrorKind::data, "is not an element of a matrix of uint16",
                          [&] { static_cast<void>(reader->count(Communicator::self())); });
  }
}

TEST_F(MatrixMarketTest, names_come_from_the_files_of_10x_genomics) {
  write("E1\tA\tx\nE2\tA\tx\nE3\tB\tx\n", "s_genes.tsv");
  write_packed("AA-1\nAC-1\n", "s_barcodes.tsv.gz");
  const auto reader = open_matrix_market(write(integers_, "s_matrix.mtx"), {});
  EXPECT_EQ(reader->feature_names(), (std::vector<std::string>{"E1", "E2", "E3"}));
  EXPECT_EQ(reader->sample_names(), (std::vector<std::string>{"AA-1", "AC-1"}));
  io_test::expect_error(ErrorKind::usage, "give --samples rows", [&] {
    static_cast<void>(open_matrix_market(folder_.file("s_matrix.mtx"), {true, {}}));
  });
}

}  // namespace
}  // namespace hourglass
