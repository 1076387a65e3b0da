#include "import/entry_reader.hpp"

#include <gtest/gtest.h>

#include "support/expect_error.hpp"
#include "support/sparse_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

class EntryReaderTest : public ::testing::Test {
 protected:
  /// A matrix stored by columns: the transpose of the example.
  std::unique_ptr<SparseReader> open(SparseExample example) {
    example.encoding = "csc_matrix";
    std::swap(example.rows, example.columns);
    return open_sparse_columns(
        hdf5::find_sparse(write_sparse(folder_.file("x.h5"), example), true));
  }

  /// All samples, read in pieces of so many bytes.
  static std::vector<float> all(SparseReader& reader, Index piece_bytes, Index ranks,
                                Index features) {
    auto* const entries_reader = dynamic_cast<EntryReader*>(&reader);
    entries_reader->set_piece_bytes(piece_bytes);
    std::vector<Index> starts = {0};
    for (const Index count : reader.count(Communicator::self()))
      starts.push_back(starts.back() + count);
    const RowEntries entries(std::move(starts));
    std::vector<float> dense(static_cast<std::size_t>(reader.samples() * features));
    Index next = 0;
    for (const auto& of_rank : reader.pieces(entries, ranks)) {
      for (const Range& piece : of_rank) {
        EXPECT_EQ(piece.begin, next);
        next = piece.end;
        CompressedRows rows;
        reader.read(piece, entries, rows);
        EXPECT_EQ(rows.entries(), entries.count(piece));
        spread(rows, features,
               std::as_writable_bytes(std::span(dense))
                   .subspan(static_cast<std::size_t>(piece.begin * features) * sizeof(float),
                            static_cast<std::size_t>(piece.size() * features) * sizeof(float)));
      }
    }
    EXPECT_EQ(next, reader.samples());
    return dense;
  }

  TemporaryFolder folder_;
};

TEST_F(EntryReaderTest, columns_become_rows_in_pieces_of_any_size) {
  const SparseExample columns = random_sparse(17, 40, 0.2, 3);  // 40 samples of 17 features
  const std::vector<float> transposed = columns.dense();
  std::vector<float> expected(transposed.size());
  for (std::size_t f = 0; f < 17; ++f) {
    for (std::size_t s = 0; s < 40; ++s) expected[s * 17 + f] = transposed[f * 40 + s];
  }
  const auto reader = open(columns);
  EXPECT_EQ(reader->samples(), 40);
  EXPECT_EQ(reader->features(), 17);
  for (const Index bytes : {1, 100, 1000000}) {
    for (const Index ranks : {1, 3, 7}) EXPECT_EQ(all(*reader, bytes, ranks, 17), expected);
  }
}

TEST_F(EntryReaderTest, features_are_left_out_and_put_into_order) {
  const auto reader = open({2, 3, {0, 2, 3}, {0, 2, 1}, {1, 2, 3}});  // 3 samples of 2 features
  reader->set_places({-1, 0});
  EXPECT_EQ(all(*reader, 1000, 1, 1), (std::vector<float>{0, 3, 0}));
  reader->set_places({1, 0});
  EXPECT_EQ(all(*reader, 1000, 1, 2), (std::vector<float>{0, 1, 3, 0, 0, 2}));
}

TEST_F(EntryReaderTest, damage_is_refused) {
  const SparseExample good{2, 3, {0, 2, 3}, {0, 2, 1}, {1, 2, 3}};
  SparseExample bad = good;
  bad.indices[1] = 3;
  io_test::expect_error(ErrorKind::data, "column 0 has an element in row 3, outside of the 3",
                        [&] { all(*open(bad), 1000, 1, 2); });
  bad = good;
  bad.indices[1] = 0;
  io_test::expect_error(ErrorKind::data, "sample 0 (from 0) has two elements of feature 0",
                        [&] { all(*open(bad), 1000, 1, 2); });
  bad = good;
  bad.indptr[1] = 7;
  io_test::expect_error(ErrorKind::data, "do not rise from 0 to the number of elements, 3",
                        [&] { static_cast<void>(open(bad)); });
  bad = good;
  bad.indptr.push_back(3);
  io_test::expect_error(ErrorKind::data, "contradict each other",
                        [&] { static_cast<void>(open(bad)); });
}

}  // namespace
}  // namespace hourglass
