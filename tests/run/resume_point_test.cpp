#include "run/resume_point.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "run/run_example.hpp"
#include "support/expect_error.hpp"
#include "support/file_bytes.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;
using io_test::write_bytes;
using run_test::example_config;
using run_test::write_state;

class ResumePointTest : public testing::Test {
 protected:
  ResumePointTest() {
    std::filesystem::create_directories(path_ + "/checkpoints");
    write_bytes(files_.config_path(), to_text(config_));
  }

  /// What it says on standard output goes with it.
  [[nodiscard]] ResumePoint find() const {
    testing::internal::CaptureStdout();
    try {
      ResumePoint point = find_resume_point(one_rank(), path_);
      said_ = testing::internal::GetCapturedStdout();
      return point;
    } catch (...) {
      said_ = testing::internal::GetCapturedStdout();
      throw;
    }
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("run");
  RunFolder files_{path_};
  TrainConfig config_ = example_config(path_);
  mutable std::string said_;
};

TEST_F(ResumePointTest, is_the_newest_checkpoint_under_the_lock) {
  write_state(files_.checkpoint_path(3), config_, 3);
  write_state(files_.checkpoint_path(8), config_, 8);
  const ResumePoint point = find();
  EXPECT_EQ(point.checkpoint, files_.checkpoint_path(8));
  EXPECT_EQ(point.configuration, to_text(config_));
  EXPECT_EQ(point.origin, files_.config_path());
  ASSERT_TRUE(point.state.has_value());
  EXPECT_EQ(point.state->header.position.at("step"), 8);
  EXPECT_TRUE(std::filesystem::exists(path_ + "/.lock"));
  EXPECT_EQ(said_, "resuming " + path_ + " from " + files_.checkpoint_path(8) + "\n");
}

TEST_F(ResumePointTest, is_the_beginning_of_a_run_without_checkpoints) {
  const ResumePoint point = find();
  EXPECT_EQ(point.checkpoint, "");
  EXPECT_FALSE(point.state.has_value());
  EXPECT_EQ(point.configuration, to_text(config_));
  EXPECT_NE(said_.find("from its beginning"), std::string::npos) << said_;
}

TEST_F(ResumePointTest, says_what_was_passed_over) {
  write_state(files_.checkpoint_path(3), config_, 3);
  write_bytes(files_.checkpoint_path(8), "damaged");
  EXPECT_EQ(find().checkpoint, files_.checkpoint_path(3));
  EXPECT_NE(said_.find("ignoring a checkpoint: " + files_.checkpoint_path(8)), std::string::npos)
      << said_;
}

TEST_F(ResumePointTest, of_no_run_is_an_error_of_all_ranks) {
  try {
    static_cast<void>(find_resume_point(one_rank(), folder_.file("none")));
    FAIL() << "there is no such folder";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io);
    EXPECT_EQ(error.reach(), Reach::everywhere);
  }
}

}  // namespace
}  // namespace hourglass
