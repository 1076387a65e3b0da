#include <gtest/gtest.h>

#include <optional>

#include "checkpoint/state_example.hpp"
#include "support/expect_error.hpp"
#include "support/file_bytes.hpp"
#include "support/shared_folder.hpp"

namespace hourglass {
namespace {

using namespace io_test;

class StateFileMpiTest : public testing::Test {
 protected:
  Communicator world_ = Communicator::world();
  SharedFolder folder_{world_};
};

TEST_F(StateFileMpiTest, bytes_do_not_depend_on_ranks) {
  write_example(Communicator::self(),
                folder_.file("serial-" + std::to_string(world_.rank()) + ".h5"));
  write_example(world_, folder_.file("sharded.h5"));
  write_example(world_, folder_.file("replicated.h5"), true);
  const std::string serial = read_bytes(folder_.file("serial-0.h5"));
  ASSERT_FALSE(serial.empty());
  EXPECT_TRUE(read_bytes(folder_.file("sharded.h5")) == serial);
  EXPECT_TRUE(read_bytes(folder_.file("replicated.h5")) == serial);
  const auto tensors = example_tensors();
  EXPECT_EQ(read_state_file(folder_.file("sharded.h5")).weights_digest,
            weights_digest(tensors, example_values(tensors, 1.0F)));
}

TEST_F(StateFileMpiTest, ranks_without_values_take_part) {
  const auto tensors = example_tensors();
  const auto values = example_values(tensors, 1.0F);
  std::vector<Range> ranges;
  if (world_.rank() == world_.size() - 1) ranges.push_back({0, arena_size(tensors)});
  const std::vector<StoredArena> arenas = {store("/model", tensors, values, ranges)};
  write_state_file(world_, folder_.file("one.h5"), example_header(), arenas);
  EXPECT_EQ(read_state_file(folder_.file("one.h5")).weights_digest,
            weights_digest(tensors, values));
}

TEST_F(StateFileMpiTest, unwritable_place_is_one_error_everywhere) {
  const std::string message = expect_error(ErrorKind::io, "does not exist", [&] {
    write_example(world_, folder_.file("none/model.h5"));
  });
  for (const std::string& other : world_.all_gather(message)) EXPECT_EQ(other, message);
}

TEST_F(StateFileMpiTest, full_disk_on_one_rank_is_one_error_everywhere) {
  write_example(world_, folder_.file("model.h5"));
  const std::string before = read_bytes(folder_.file("model.h5"));
  for (const int failing : {0, world_.size() - 1}) {
    std::string message;
    {
      std::optional<FileSizeLimit> full;
      if (world_.rank() == failing) full.emplace(1000);
      message = expect_error(ErrorKind::io, "model.h5",
                             [&] { write_example(world_, folder_.file("model.h5")); });
    }
    for (const std::string& other : world_.all_gather(message)) EXPECT_EQ(other, message);
    EXPECT_TRUE(read_bytes(folder_.file("model.h5")) == before);
    EXPECT_EQ(folder_.entries(), 1);
    world_.barrier();
  }
}

TEST_F(StateFileMpiTest, gap_between_ranks_is_a_bug_everywhere) {
  const auto tensors = example_tensors();
  const auto values = example_values(tensors, 1.0F);
  std::vector<Range> ranges;
  if (world_.rank() == 0) ranges.push_back({0, arena_size(tensors) - cell_floats});
  const std::vector<StoredArena> arenas = {store("/model", tensors, values, ranges)};
  expect_error(ErrorKind::bug, "cover",
               [&] { write_state_file(world_, folder_.file("gap.h5"), example_header(), arenas); });
  EXPECT_EQ(folder_.entries(), 0);
}

}  // namespace
}  // namespace hourglass
