#include "run/run_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "run/run_example.hpp"
#include "support/expect_error.hpp"
#include "support/file_bytes.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

namespace fs = std::filesystem;
using io_test::expect_error;
using io_test::read_bytes;
using io_test::write_bytes;
using run_test::example_config;
using run_test::write_state;

class RunFolderTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return temporary_.file("run"); }
  [[nodiscard]] TrainConfig config() const { return example_config(path()); }

  /// A run folder with config.cfg and checkpoints of these steps.
  [[nodiscard]] RunFolder run_with(const std::vector<Index>& steps) const {
    RunFolder folder(path());
    fs::create_directories(path() + "/checkpoints");
    std::ofstream(folder.config_path()) << to_text(config());
    for (const Index step : steps) write_state(folder.checkpoint_path(step), config(), step);
    return folder;
  }

  TemporaryFolder temporary_;
};

TEST_F(RunFolderTest, names_its_files_with_or_without_a_slash_at_the_end) {
  const RunFolder folder("a/run//");
  EXPECT_EQ(folder.config_path(), "a/run/config.cfg");
  EXPECT_EQ(folder.metrics_path(), "a/run/metrics.jsonl");
  EXPECT_EQ(folder.model_path(), "a/run/model.h5");
  EXPECT_EQ(folder.checkpoint_path(42), "a/run/checkpoints/step-00000042.h5");
  EXPECT_EQ(folder.checkpoint_path(123456789), "a/run/checkpoints/step-123456789.h5");
  EXPECT_TRUE(is_same_folder("a/run", "./a//run/"));
  EXPECT_TRUE(is_same_folder("a/b/../run", "a/run"));
  EXPECT_FALSE(is_same_folder("a/run", "a/run2"));
}

TEST_F(RunFolderTest, create_makes_it_and_holds_the_lock) {
  RunFolder folder(path());
  folder.create();
  EXPECT_TRUE(fs::is_directory(path() + "/checkpoints"));
  EXPECT_TRUE(fs::exists(path() + "/.lock"));
}

TEST_F(RunFolderTest, create_refuses_a_folder_with_a_run) {
  for (const char* name : {"config.cfg", "metrics.jsonl", "model.h5", "checkpoints"}) {
    fs::create_directories(path());
    write_bytes(path() + "/" + name, "x");
    expect_error(ErrorKind::usage, "already holds a run: continue it with --resume " + path(),
                 [&] { RunFolder(path()).create(); });
    fs::remove_all(path());
  }
}

TEST_F(RunFolderTest, open_says_what_may_have_been_meant) {
  const RunFolder folder = run_with({5});
  expect_error(ErrorKind::usage, "name the run's folder: --resume " + path(),
               [&] { RunFolder(folder.checkpoint_path(5)).open(); });
  expect_error(ErrorKind::io, "holds no run (config.cfg is missing): --resume " + path(),
               [&] { RunFolder(path() + "/checkpoints").open(); });
  expect_error(ErrorKind::io, "no such folder; did you mean '" + path() + "'?",
               [&] { RunFolder(path() + "s").open(); });
  EXPECT_NO_THROW(RunFolder(path()).open());
}

TEST_F(RunFolderTest, open_removes_what_killed_writers_left) {
  const RunFolder folder = run_with({5});
  const std::string leftover = path() + "/checkpoints/.step-00000006.h5.tmp.1.2";
  write_bytes(leftover, "x");
  write_bytes(path() + "/notes.txt", "x");
  RunFolder again(path());
  again.open();
  EXPECT_FALSE(fs::exists(leftover));
  EXPECT_TRUE(fs::exists(path() + "/notes.txt"));
}

TEST_F(RunFolderTest, checkpoints_come_newest_first_whatever_their_digits) {
  const RunFolder folder = run_with({});
  for (const Index step : {9, 100000000, 10, 2}) write_bytes(folder.checkpoint_path(step), "x");
  write_bytes(path() + "/checkpoints/step-00000011.h5.damaged", "x");
  EXPECT_EQ(folder.checkpoints(),
            (std::vector<std::string>{folder.checkpoint_path(100000000), folder.checkpoint_path(10),
                                      folder.checkpoint_path(9), folder.checkpoint_path(2)}));
}

TEST_F(RunFolderTest, prune_keeps_the_newest) {
  const RunFolder folder = run_with({1, 2, 3});
  folder.prune(2);
  EXPECT_EQ(folder.checkpoints(),
            (std::vector<std::string>{folder.checkpoint_path(3), folder.checkpoint_path(2)}));
}

TEST_F(RunFolderTest, newest_valid_passes_over_damage_and_says_so) {
  const RunFolder folder = run_with({1, 2, 3});
  std::string bytes = read_bytes(folder.checkpoint_path(3));
  write_bytes(folder.checkpoint_path(3), bytes.substr(0, bytes.size() / 2));
  std::vector<std::string> notes;
  const auto found = folder.newest_valid(notes);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->state.path, folder.checkpoint_path(2));
  EXPECT_EQ(found->origin, folder.config_path());
  EXPECT_EQ(found->configuration, to_text(config()));
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("ignoring a checkpoint"), std::string::npos) << notes[0];
  folder.set_aside_newer_than(found->state.path);
  EXPECT_EQ(folder.checkpoints().front(), folder.checkpoint_path(2));
  EXPECT_TRUE(fs::exists(folder.checkpoint_path(3) + ".damaged"));
}

TEST_F(RunFolderTest, newest_valid_knows_its_own_run_and_step) {
  const RunFolder folder = run_with({1});
  TrainConfig other = config();
  other.seed = 99;
  write_state(folder.checkpoint_path(2), other, 2);
  write_state(folder.checkpoint_path(3), config(), 4);
  write_state(folder.checkpoint_path(5), config());
  std::vector<std::string> notes;
  const auto found = folder.newest_valid(notes);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->state.path, folder.checkpoint_path(1));
  ASSERT_EQ(notes.size(), 3U);
  EXPECT_NE(notes[0].find("it has no position"), std::string::npos) << notes[0];
  EXPECT_NE(notes[1].find("holds step 4"), std::string::npos) << notes[1];
  EXPECT_NE(notes[2].find("is of another run: its seed is '99'"), std::string::npos) << notes[2];
}

TEST_F(RunFolderTest, newest_valid_takes_the_settings_of_the_checkpoint_when_its_own_are_lost) {
  const RunFolder folder = run_with({1});
  for (const std::string& damage :
       {std::string(), std::string("[data]\ndata = data.h5:/x\n"), std::string("nonsense = 3\n")}) {
    write_bytes(folder.config_path(), damage);
    std::vector<std::string> notes;
    const auto found = folder.newest_valid(notes);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->origin, folder.checkpoint_path(1));
    EXPECT_EQ(found->configuration, to_text(config()));
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_NE(notes[0].find("using the settings of the checkpoint"), std::string::npos) << notes[0];
  }
}

TEST_F(RunFolderTest, newest_valid_of_none_is_an_error_and_of_no_checkpoints_is_nothing) {
  const RunFolder folder = run_with({});
  std::vector<std::string> notes;
  EXPECT_FALSE(folder.newest_valid(notes).has_value());
  write_bytes(folder.checkpoint_path(1), "x");
  expect_error(ErrorKind::data, "none of its 1 checkpoints is valid",
               [&] { static_cast<void>(folder.newest_valid(notes)); });
}

}  // namespace
}  // namespace hourglass
