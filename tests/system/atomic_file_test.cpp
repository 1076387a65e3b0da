#include "system/atomic_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/expect_error.hpp"
#include "support/file_bytes.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using namespace io_test;

class AtomicFileTest : public testing::Test {
 protected:
  static mode_t mode_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(stat(path.c_str(), &status), 0);
    return status.st_mode & 0777U;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("result.txt");
};

TEST_F(AtomicFileTest, appears_with_commit_only) {
  AtomicFile file(path_);
  EXPECT_EQ(mode_of(file.temporary_path()), 0600U);
  file.write("one ");
  file.write("two");
  EXPECT_FALSE(std::filesystem::exists(path_));
  file.commit();
  EXPECT_EQ(read_bytes(path_), "one two");
  EXPECT_EQ(folder_.entries(), 1);
  write_bytes(folder_.file("ordinary"), "");
  EXPECT_EQ(mode_of(path_), mode_of(folder_.file("ordinary")));
}

TEST_F(AtomicFileTest, vanishes_without_commit) {
  write_bytes(path_, "old");
  {
    AtomicFile file(path_);
    file.write("new");
    AtomicFile moved(std::move(file));
    moved.write("er");
    EXPECT_EQ(read_bytes(moved.temporary_path()), "newer");
  }
  EXPECT_EQ(read_bytes(path_), "old");
  EXPECT_EQ(folder_.entries(), 1);
}

TEST_F(AtomicFileTest, text_replaces_text) {
  write_text_atomically(path_, "first");
  write_text_atomically(path_, "second");
  EXPECT_EQ(read_bytes(path_), "second");
  write_text_atomically(path_, "");
  EXPECT_EQ(read_bytes(path_), "");
  EXPECT_EQ(folder_.entries(), 1);
}

TEST_F(AtomicFileTest, symbolic_link_stays_a_link) {
  const std::string link = folder_.file("link");
  write_bytes(path_, "old");
  std::filesystem::create_symlink(path_, link);
  write_text_atomically(link, "new");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(read_bytes(path_), "new");
}

TEST_F(AtomicFileTest, bad_places_are_told) {
  expect_error(ErrorKind::io, "is a folder", [&] { AtomicFile file(folder_.path()); });
  expect_error(ErrorKind::io, "does not exist", [&] { AtomicFile file(folder_.file("none/x")); });
  expect_error(ErrorKind::io, "not a regular file", [&] { AtomicFile file("/dev/null"); });
  expect_error(ErrorKind::io, "names a folder", [&] { AtomicFile file(folder_.path() + "/"); });
  write_bytes(path_, "");
  expect_error(ErrorKind::io, "Not a directory", [&] { AtomicFile file(path_ + "/x"); });
}

TEST_F(AtomicFileTest, what_is_replaced_begins_like_ours) {
  require_new_or_own(path_, "start", "page", "--output");
  write_bytes(path_, "start and more");
  require_new_or_own(path_, "start", "page", "--output");
  for (const char* other : {"", "star", "stars", "x"}) {
    write_bytes(path_, other);
    expect_error(ErrorKind::usage, "is not a page; choose another --output",
                 [&] { require_new_or_own(path_, "start", "page", "--output"); });
  }
}

TEST_F(AtomicFileTest, full_disk_leaves_the_old_text) {
  write_bytes(path_, "old");
  const FileSizeLimit full(1000);
  expect_error(ErrorKind::io, "result.txt",
               [&] { write_text_atomically(path_, std::string(5000, 'x')); });
  EXPECT_EQ(read_bytes(path_), "old");
  EXPECT_EQ(folder_.entries(), 1);
}

TEST_F(AtomicFileTest, space_that_no_disk_has_is_refused) {
  AtomicFile file(path_);
  expect_error(ErrorKind::io, "no space left", [&] { file.reserve(Index{1} << 60); });
  file.reserve(1 << 16);
  file.commit();
  EXPECT_EQ(read_bytes(path_), "");
}

TEST_F(AtomicFileTest, long_names_work) {
  const std::string path = folder_.file(std::string(250, 'n'));
  write_text_atomically(path, "x");
  EXPECT_EQ(read_bytes(path), "x");
}

TEST_F(AtomicFileTest, stale_temporaries_are_removed_and_nothing_else) {
  const AtomicFile pending(path_);
  std::filesystem::copy_file(pending.temporary_path(), folder_.file(".model.h5.tmp.123.456"));
  for (const char* name :
       {"model.h5", ".model.h5.tmp.1a.2", ".hidden", "model.tmp.1.2", ".tmp.1.2"})
    write_bytes(folder_.file(name), "");
  EXPECT_EQ(remove_stale_temporaries(folder_.path()), 2);
  EXPECT_EQ(folder_.entries(), 5);
  EXPECT_EQ(remove_stale_temporaries(folder_.file("none")), 0);
}

}  // namespace
}  // namespace hourglass
