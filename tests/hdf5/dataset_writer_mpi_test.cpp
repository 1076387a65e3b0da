#include <gtest/gtest.h>

#include <optional>

#include "hdf5/dataset_writer.hpp"
#include "hdf5/writer_example.hpp"
#include "support/expect_error.hpp"
#include "support/file_bytes.hpp"
#include "support/shared_folder.hpp"

namespace hourglass {
namespace {

using namespace io_test;

class DatasetWriterMpiTest : public testing::Test {
 protected:
  static constexpr Index rows_total = 101;
  static constexpr Index columns = 5;

  [[nodiscard]] static DatasetSpec spec(const std::string& path, Index chunk_rows = 0) {
    return spec_of(path, rows_total, columns, chunk_rows);
  }

  /// Every rank writes its even part in blocks of four rows; ranks with fewer blocks take part with
  /// nothing.
  void write_parts(DatasetWriter& writer, std::size_t dataset) const {
    const auto values = table(rows_total, columns);
    const Range mine = even_part(rows_total, world_.size(), world_.rank());
    const Index blocks = world_.max((mine.size() + 3) / 4);
    for (Index b = 0; b < blocks; ++b) {
      const Range rows{std::min(mine.begin + 4 * b, mine.end),
                       std::min(mine.begin + 4 * b + 4, mine.end)};
      writer.write_rows(dataset, rows, rows_of(values, columns, rows));
    }
  }

  Communicator world_ = Communicator::world();
  SharedFolder folder_{world_};
};

TEST_F(DatasetWriterMpiTest, ranks_write_their_rows) {
  DatasetWriter writer(world_, folder_.file("out.h5"), {spec("/codes"), spec("/deep/er/codes")});
  write_parts(writer, 0);
  write_parts(writer, 1);
  writer.commit();
  EXPECT_EQ(read_floats(folder_.file("out.h5") + ":/codes"), table(rows_total, columns));
  EXPECT_EQ(read_floats(folder_.file("out.h5") + ":/deep/er/codes"), table(rows_total, columns));
  EXPECT_EQ(folder_.entries(), 1);
}

TEST_F(DatasetWriterMpiTest, chunked_data_set_and_existing_file) {
  const std::string file = folder_.file("out.h5");
  const DatasetSpec chunked = spec("/codes", 8);
  {
    DatasetWriter writer(world_, file, {chunked});
    write_parts(writer, 0);
    writer.commit();
  }
  DatasetWriter writer(world_, file, {spec("/more")});
  write_parts(writer, 0);
  writer.commit();
  EXPECT_EQ(read_floats(file + ":/codes"), table(rows_total, columns));
  EXPECT_EQ(read_floats(file + ":/more"), table(rows_total, columns));
}

TEST_F(DatasetWriterMpiTest, bytes_do_not_depend_on_ranks) {
  DatasetWriter shared(world_, folder_.file("shared.h5"), {spec("/codes")});
  write_parts(shared, 0);
  shared.commit();
  const std::string serial = folder_.file("serial-" + std::to_string(world_.rank()) + ".h5");
  DatasetWriter alone(Communicator::self(), serial, {spec("/codes")});
  alone.write_rows(0, {0, rows_total},
                   rows_of(table(rows_total, columns), columns, {0, rows_total}));
  alone.commit();
  EXPECT_TRUE(read_bytes(serial) == read_bytes(folder_.file("shared.h5")));
}

TEST_F(DatasetWriterMpiTest, one_error_everywhere_and_nothing_left) {
  const std::string message = expect_error(ErrorKind::io, "does not exist", [&] {
    DatasetWriter(world_, folder_.file("none/out.h5"), {spec("/a")});
  });
  for (const std::string& other : world_.all_gather(message)) EXPECT_EQ(other, message);
  { const DatasetWriter abandoned(world_, folder_.file("out.h5"), {spec("/a")}); }
  EXPECT_EQ(folder_.entries(), 0);
}

TEST_F(DatasetWriterMpiTest, rank_that_leaves_alone_does_not_hang) {
  auto writer = std::make_unique<DatasetWriter>(world_, folder_.file("out.h5"),
                                                std::vector<DatasetSpec>{spec("/a")});
  // The others come later: a destructor that waited for them would wait forever.
  if (world_.rank() == world_.size() - 1) writer.reset();
  world_.barrier();
  writer.reset();
  EXPECT_EQ(folder_.entries(), 0);
}

TEST_F(DatasetWriterMpiTest, wrong_rows_on_one_rank_are_an_error_everywhere) {
  DatasetWriter writer(world_, folder_.file("out.h5"), {spec("/a")});
  const Range rows{0, world_.rank() == world_.size() - 1 ? rows_total + 1 : 0};
  expect_error(ErrorKind::bug, "rows", [&] { writer.write_rows(0, rows, {}); });
}

TEST_F(DatasetWriterMpiTest, full_disk_on_one_rank_is_one_error_everywhere) {
  for (const int failing : {0, world_.size() - 1}) {
    std::string message;
    {
      DatasetWriter writer(world_, folder_.file("out.h5"), {spec("/a")});
      std::optional<FileSizeLimit> full;
      if (world_.rank() == failing) full.emplace(100);
      message = expect_error(ErrorKind::io, "out.h5", [&] {
        write_parts(writer, 0);
        writer.commit();
      });
    }
    for (const std::string& other : world_.all_gather(message)) EXPECT_EQ(other, message);
    EXPECT_EQ(folder_.entries(), 0);
  }
}

}  // namespace
}  // namespace hourglass
