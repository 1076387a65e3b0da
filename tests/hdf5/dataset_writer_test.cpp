#include "hdf5/dataset_writer.hpp"

#include <gtest/gtest.h>
#include <hdf5.h>

#include "checkpoint/state_file.hpp"
#include "hdf5/writer_example.hpp"
#include "support/expect_error.hpp"
#include "support/file_bytes.hpp"
#include "support/one_rank.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using namespace io_test;

class DatasetWriterTest : public testing::Test {
 protected:
  void write_table(const DatasetSpec& spec, Index portion = 7) const {
    const auto values = table(spec.shape[0], spec.shape[1]);
    DatasetWriter writer(one_rank(), file_, {spec});
    for (Index begin = 0; begin < spec.shape[0]; begin += portion) {
      const Range rows{begin, std::min(begin + portion, spec.shape[0])};
      writer.write_rows(0, rows, rows_of(values, spec.shape[1], rows));
    }
    writer.commit();
  }

  TemporaryFolder folder_;
  std::string file_ = folder_.file("out.h5");
};

TEST_F(DatasetWriterTest, contiguous_round_trip) {
  write_table(spec_of("/train/samples", 50, 13));
  EXPECT_EQ(read_floats(file_ + ":/train/samples"), table(50, 13));
  EXPECT_FALSE(DatasetReader(parse_address(file_)).info().chunked);
  EXPECT_EQ(folder_.entries(), 1);
}

TEST_F(DatasetWriterTest, chunked_and_compressed_round_trip) {
  DatasetSpec spec = spec_of("/samples", 1000, 40);
  spec.chunk_rows = suggested_chunk_rows(spec.shape, spec.type);
  spec.compression = 4;
  write_table(spec);
  const DatasetReader reader(parse_address(file_));
  EXPECT_EQ(reader.info().filters, (std::vector<std::string>{"shuffle", "deflate"}));
  EXPECT_EQ(reader.info().chunk.front(), spec.chunk_rows);
  EXPECT_EQ(read_floats(file_), table(1000, 40));
}

TEST_F(DatasetWriterTest, shape_and_integer_type_are_kept) {
  DatasetSpec samples{"/g/images", {4, 2, 3}, ElementType::u8, 3, 0, {{"source", "a file"}}};
  DatasetSpec labels{"/g/labels", {4}, ElementType::i64, 0, 0, {}};
  const std::vector<std::uint8_t> pixels = {0,  1,  2,  3,  4,  5,  255, 7,  8,  9,  10, 11,
                                            12, 13, 14, 15, 16, 17, 18,  19, 20, 21, 22, 23};
  const std::vector<std::int64_t> classes = {3, -1, 0, 9};
  DatasetWriter writer(one_rank(), file_, {samples, labels});
  writer.write_rows(0, {0, 4}, rows_of(pixels, 6, {0, 4}));
  writer.write_rows(1, {0, 4}, rows_of(classes, 1, {0, 4}));
  writer.commit();
  const DatasetReader reader(parse_address(file_ + ":/g/images"));
  EXPECT_EQ(reader.info().shape, (std::vector<Index>{4, 2, 3}));
  EXPECT_EQ(reader.info().type, ElementType::u8);
  std::vector<std::uint8_t> read(24);
  reader.read_rows({0, 4}, std::as_writable_bytes(std::span(read)));
  EXPECT_EQ(read, pixels);
  const DatasetReader label_reader(parse_address(file_ + ":/g/labels"));
  std::vector<std::int64_t> read_classes(4);
  label_reader.read_rows({0, 4}, std::as_writable_bytes(std::span(read_classes)));
  EXPECT_EQ(read_classes, classes);
}

TEST_F(DatasetWriterTest, adds_to_an_existing_file) {
  write_table(spec_of("/train/samples", 10, 3));
  write_table(spec_of("/test/samples", 20, 2));
  EXPECT_EQ(read_floats(file_ + ":/train/samples"), table(10, 3));
  EXPECT_EQ(read_floats(file_ + ":/test/samples"), table(20, 2));
}

TEST_F(DatasetWriterTest, existing_data_set_is_refused) {
  write_table(spec_of("/train/samples", 10, 3));
  const std::string before = read_bytes(file_);
  expect_error(ErrorKind::usage,
               "/train/samples: already exists; choose another group or remove the file",
               [&] { write_table(spec_of("/train/samples", 20, 2)); });
  expect_error(ErrorKind::usage, "already exists",
               [&] { write_table(spec_of("/train/samples/below", 20, 2)); });
  expect_error(ErrorKind::usage, "already exists", [&] { write_table(spec_of("/train", 20, 2)); });
  const std::vector<std::string> paths = {"/new", "/train/samples"};
  expect_error(ErrorKind::usage, "already exists", [&] { check_output(file_, paths); });
  check_output(file_, std::vector<std::string>{"/train/labels"});
  check_output(folder_.file("none.h5"), paths);
  EXPECT_TRUE(read_bytes(file_) == before);
  EXPECT_EQ(folder_.entries(), 1);
}

TEST_F(DatasetWriterTest, existing_file_of_another_kind_is_refused) {
  write_bytes(file_, "not HDF5");
  expect_error(ErrorKind::data, "not an HDF5 file", [&] { write_table(spec_of("/a", 2, 2)); });
  EXPECT_EQ(read_bytes(file_), "not HDF5");
}

TEST_F(DatasetWriterTest, nothing_is_added_to_a_model) {
  write_state_file(one_rank(), file_, {}, {});
  const std::string before = read_bytes(file_);
  expect_error(ErrorKind::usage, "is a model or checkpoint; choose another --output",
               [&] { write_table(spec_of("/codes", 2, 2)); });
  EXPECT_TRUE(read_bytes(file_) == before);
}

TEST_F(DatasetWriterTest, nothing_appears_without_commit) {
  {
    DatasetWriter writer(one_rank(), file_, {spec_of("/a", 4, 2)});
    writer.write_rows(0, {0, 4}, rows_of(table(4, 2), 2, {0, 4}));
    EXPECT_EQ(folder_.entries(), 1);
  }
  EXPECT_EQ(folder_.entries(), 0);
}

TEST_F(DatasetWriterTest, missing_rows_are_a_bug) {
  DatasetWriter writer(one_rank(), file_, {spec_of("/a", 4, 2)});
  writer.write_rows(0, {0, 3}, rows_of(table(4, 2), 2, {0, 3}));
  expect_error(ErrorKind::bug, "rows", [&] { writer.commit(); });
}

TEST_F(DatasetWriterTest, empty_data_set_is_possible) {
  DatasetSpec spec = spec_of("/a", 0, 5);
  spec.chunk_rows = 32;
  write_table(spec);
  EXPECT_EQ(DatasetReader(parse_address(file_)).info().shape, (std::vector<Index>{0, 5}));
}

TEST_F(DatasetWriterTest, full_disk_leaves_the_old_file) {
  write_table(spec_of("/old", 10, 3));
  const std::string before = read_bytes(file_);
  for (const int compression : {0, 1}) {
    for (const rlim_t limit : {0U, 1000U, 20000U, 200000U}) {
      DatasetSpec spec = spec_of("/new", 1000000, 3);
      spec.chunk_rows = 1000;
      spec.compression = compression;
      const FileSizeLimit full(limit);
      expect_error(ErrorKind::io, "out.h5", [&] { write_table(spec, 100000); });
      EXPECT_EQ(folder_.entries(), 1);
    }
  }
  EXPECT_TRUE(read_bytes(file_) == before);
}

TEST_F(DatasetWriterTest, huge_output_is_refused_at_once) {
  expect_error(ErrorKind::io, "no space left",
               [&] { DatasetWriter(one_rank(), file_, {spec_of("/a", Index{1} << 40, 1000)}); });
  EXPECT_EQ(folder_.entries(), 0);
}

TEST(SuggestedChunkRowsTest, about_128_KiB_and_whole_blocks) {
  EXPECT_EQ(suggested_chunk_rows({60000, 28, 28}, ElementType::u8), 160);
  EXPECT_EQ(suggested_chunk_rows({10, 28, 28}, ElementType::u8), 10);
  EXPECT_EQ(suggested_chunk_rows({100, 1 << 20}, ElementType::f64), 1);
  EXPECT_EQ(suggested_chunk_rows({100, 12288}, ElementType::u8), 10);
  EXPECT_EQ(suggested_chunk_rows({0, 5}, ElementType::u8), 0);
}

}  // namespace
}  // namespace hourglass
