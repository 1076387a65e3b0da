#include "run/checkpoint_writer.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "checkpoint/state_example.hpp"
#include "support/one_rank.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using io_test::arena_size;
using io_test::example_header;
using io_test::example_tensors;
using io_test::example_values;

class CheckpointWriterTest : public testing::Test {
 protected:
  CheckpointWriterTest() {
    std::filesystem::create_directories(temporary_.file("run/checkpoints"));
  }

  void write(CheckpointWriter& writer, Index step) {
    writer.write(step, example_header(),
                 {io_test::store("/model", tensors_, values_, {{0, arena_size(tensors_)}})});
  }

  /// The parameters in a checkpoint.
  [[nodiscard]] std::vector<float> values_in(const std::string& path) const {
    std::vector<float> arena(values_.size());
    read_arena(read_state_file(path), "/model", arena);
    return arena;
  }

  TemporaryFolder temporary_;
  RunFolder folder_{temporary_.file("run")};
  std::vector<StoredTensor> tensors_ = example_tensors();
  std::vector<float> values_ = example_values(tensors_, 1.0F);
};

TEST_F(CheckpointWriterTest, stands_when_it_was_written_at_once) {
  CheckpointWriter writer(one_rank(), folder_, 3, false);
  EXPECT_EQ(writer.step(), -1);
  EXPECT_EQ(writer.last(), "");
  write(writer, 5);
  EXPECT_FALSE(writer.ready());
  EXPECT_EQ(writer.step(), 5);
  EXPECT_EQ(writer.last(), folder_.checkpoint_path(5));
  EXPECT_EQ(values_in(writer.last()), values_);
  EXPECT_GT(writer.take_duration(), 0);
  EXPECT_EQ(writer.take_duration(), 0) << "it was told once";
}

TEST_F(CheckpointWriterTest, begins_with_the_checkpoint_that_the_run_goes_on_from) {
  CheckpointWriter writer(one_rank(), folder_, 3, false);
  writer.start_from("run/checkpoints/step-00000004.h5", 4);
  EXPECT_EQ(writer.step(), 4);
  EXPECT_EQ(writer.last(), "run/checkpoints/step-00000004.h5");
}

TEST_F(CheckpointWriterTest, deletes_older_ones_when_a_new_one_stands) {
  CheckpointWriter writer(one_rank(), folder_, 2, false);
  for (const Index step : {1, 2, 3}) write(writer, step);
  EXPECT_EQ(folder_.checkpoints(),
            (std::vector<std::string>{folder_.checkpoint_path(3), folder_.checkpoint_path(2)}));
}

TEST_F(CheckpointWriterTest, in_the_background_holds_the_values_of_its_beginning) {
  CheckpointWriter writer(one_rank(), folder_, 3, true);
  const std::vector<float> begun = values_;
  write(writer, 5);
  EXPECT_EQ(writer.step(), 5);
  EXPECT_EQ(writer.last(), "") << "it does not stand yet";
  for (float& value : values_) value = -1;
  writer.finish();
  EXPECT_EQ(writer.last(), folder_.checkpoint_path(5));
  EXPECT_EQ(values_in(writer.last()), begun);
}

TEST_F(CheckpointWriterTest, in_the_background_the_next_waits_for_the_one_before) {
  CheckpointWriter writer(one_rank(), folder_, 3, true);
  write(writer, 1);
  write(writer, 2);
  EXPECT_EQ(writer.last(), folder_.checkpoint_path(1));
  while (writer.last() != folder_.checkpoint_path(2)) {
    if (writer.ready()) writer.advance();
  }
  EXPECT_EQ(folder_.checkpoints().size(), 2U);
}

}  // namespace
}  // namespace hourglass
