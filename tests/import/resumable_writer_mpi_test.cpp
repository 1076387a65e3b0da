#include "import/resumable_writer.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "hdf5/writer_example.hpp"
#include "support/expect_error.hpp"
#include "support/shared_folder.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {
namespace {

using namespace io_test;

class ResumableWriterMpiTest : public testing::Test {
 protected:
  static constexpr Index rows_total = 101;
  static constexpr Index columns = 5;

  [[nodiscard]] static DatasetSpec spec(const std::string& path, Index chunk_rows) {
    return spec_of(path, rows_total, columns, chunk_rows);
  }

  [[nodiscard]] std::unique_ptr<ResumableWriter> writer(
      const std::string& content = "these") const {
    return std::make_unique<ResumableWriter>(
        world_, file_, std::vector{spec("/a", 8), spec("/deep/b", 0)}, content);
  }

  /// What is missing of `rows`, every rank its part.
  void write(ResumableWriter& to, std::size_t dataset, Range rows) const {
    const auto values = table(rows_total, columns);
    for (const Range& gap : RangeSet(to.finished(dataset)).missing(rows)) {
      const Range part = even_part(gap.size(), world_.size(), world_.rank());
      const Range mine{gap.begin + part.begin, gap.begin + part.end};
      collectively(world_, [&] { to.write_rows(dataset, mine, rows_of(values, columns, mine)); });
      to.note_written(dataset, std::vector{gap});
    }
  }

  void complete(ResumableWriter& to) const {
    write(to, 0, {0, rows_total});
    write(to, 1, {0, rows_total});
    to.commit();
  }

  void expect_complete() {
    EXPECT_EQ(read_floats(file_ + ":/a"), table(rows_total, columns));
    EXPECT_EQ(read_floats(file_ + ":/deep/b"), table(rows_total, columns));
    world_.barrier();
    EXPECT_EQ(folder_.entries(), 1);
    world_.barrier();
  }

  Communicator world_ = Communicator::world();
  SharedFolder folder_{world_};
  std::string file_ = folder_.file("out.h5");
};

TEST_F(ResumableWriterMpiTest, writes_like_any_other) {
  complete(*writer());
  expect_complete();
}

TEST_F(ResumableWriterMpiTest, continues_what_was_kept) {
  auto first = writer();
  write(*first, 0, {3, 20});
  write(*first, 0, {50, 101});
  write(*first, 1, {0, 7});
  first->keep();
  first.reset();
  EXPECT_FALSE(std::filesystem::exists(file_));
  auto second = writer();
  EXPECT_EQ(second->finished(0).ranges(), (std::vector<Range>{{3, 20}, {50, 101}}));
  EXPECT_EQ(second->finished(1).ranges(), (std::vector<Range>{{0, 7}}));
  complete(*second);
  expect_complete();
}

TEST_F(ResumableWriterMpiTest, a_torn_journal_counts_as_far_as_it_is_whole) {
  auto first = writer();
  write(*first, 0, {0, 10});
  first->keep();
  first = writer();
  write(*first, 0, {10, 20});
  first->keep();
  first.reset();
  collectively(world_, [&] {
    if (!world_.is_root()) return;
    const std::string journal = journal_name(file_);
    std::filesystem::resize_file(journal, std::filesystem::file_size(journal) - 5);
  });
  auto second = writer();
  EXPECT_EQ(second->finished(0).ranges(), (std::vector<Range>{{0, 10}}));
  complete(*second);
  expect_complete();
}

TEST_F(ResumableWriterMpiTest, other_content_begins_again) {
  auto first = writer();
  write(*first, 0, {0, 60});
  first->keep();
  first.reset();
  auto second = writer("those");
  EXPECT_EQ(second->discarded(), world_.is_root());
  EXPECT_TRUE(second->finished(0).ranges().empty());
  complete(*second);
  expect_complete();
}

TEST_F(ResumableWriterMpiTest, what_is_left_but_damaged_begins_again) {
  auto first = writer();
  write(*first, 0, {0, 60});
  first->keep();
  first.reset();
  collectively(world_, [&] {
    if (world_.is_root()) std::filesystem::resize_file(unfinished_name(file_), 100);
  });
  auto second = writer();
  EXPECT_TRUE(second->finished(0).ranges().empty());
  complete(*second);
  expect_complete();
}

TEST_F(ResumableWriterMpiTest, without_an_end_nothing_is_left) {
  auto first = writer();
  write(*first, 0, {0, 60});
  first.reset();
  world_.barrier();
  EXPECT_EQ(folder_.entries(), 0);
  world_.barrier();
}

TEST_F(ResumableWriterMpiTest, missing_rows_are_no_end) {
  auto first = writer();
  write(*first, 0, {0, 60});
  expect_error(ErrorKind::bug, "not written", [&] { first->commit(); });
}

TEST_F(ResumableWriterMpiTest, one_at_a_time) {
  const auto first = writer();
  expect_error(ErrorKind::usage, "another import", [&] { static_cast<void>(writer()); });
}

}  // namespace
}  // namespace hourglass
