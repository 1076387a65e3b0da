#include "checkpoint/state_writer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

#include "checkpoint/state_example.hpp"
#include "support/expect_error.hpp"
#include "support/file_bytes.hpp"
#include "support/shared_folder.hpp"

namespace hourglass {
namespace {

using namespace io_test;

class StateWriterMpiTest : public testing::Test {
 protected:
  // A writer over values that are gone as soon as it is made.
  StateWriter make_writer(const std::string& name, Buffer<float>& snapshot,
                          bool replicated = false) {
    const Index floats = arena_size(tensors_);
    const std::vector<Range> ranges = replicated
                                          ? std::vector<Range>{{0, floats}}
                                          : sharded_ranges(floats, 3, world_.size(), world_.rank());
    auto weights = example_values(tensors_, 1.0F);
    auto mean = example_values(tensors_, 0.125F);
    const auto restore = [&](std::vector<float>& values) { std::ranges::fill(values, -1.0F); };
    struct Wipe {
      std::function<void()> action;
      ~Wipe() { action(); }
    } const wipe{[&] {
      restore(weights);
      restore(mean);
    }};
    return StateWriter(world_, folder_.file(name), example_header(),
                       {store("/model", tensors_, weights, ranges),
                        store("/optimizer/mean", tensors_, mean, ranges)},
                       &snapshot);
  }

  Communicator world_ = Communicator::world();
  SharedFolder folder_{world_};
  std::vector<StoredTensor> tensors_ = example_tensors();
};

TEST_F(StateWriterMpiTest, background_writes_the_same_bytes_while_the_values_change) {
  write_example(world_, folder_.file("whole.h5"));
  const std::string whole = read_bytes(folder_.file("whole.h5"));
  Buffer<float> snapshot;
  for (const bool replicated : {false, true, false}) {
    StateWriter writer = make_writer("background.h5", snapshot, replicated);
    writer.finish();
    EXPECT_TRUE(writer.advance()) << "a finished file stays finished";
    EXPECT_TRUE(read_bytes(folder_.file("background.h5")) == whole);
    EXPECT_GT(writer.work_seconds(), 0.0);
  }
}

TEST_F(StateWriterMpiTest, stages_end_without_waiting_once_all_are_ready) {
  Buffer<float> snapshot;
  StateWriter writer = make_writer("a.h5", snapshot);
  bool finished = false;
  int stages = 0;
  while (!finished) {
    while (world_.min(Index{writer.ready() ? 1 : 0}) == 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    finished = writer.advance();
    ++stages;
  }
  EXPECT_EQ(stages, 4);
  EXPECT_EQ(read_state_file(folder_.file("a.h5")).weights_digest,
            weights_digest(tensors_, example_values(tensors_, 1.0F)));
}

TEST_F(StateWriterMpiTest, abandoned_file_leaves_nothing) {
  Buffer<float> snapshot;
  for (int stages = 0; stages < 4; ++stages) {
    {
      StateWriter writer = make_writer("a.h5", snapshot);
      for (int i = 0; i < stages; ++i) EXPECT_FALSE(writer.advance());
    }
    // The last stage may have renamed the file before the writer was given up.
    EXPECT_LE(folder_.entries(), stages == 3 ? 1 : 0);
  }
}

TEST_F(StateWriterMpiTest, full_disk_on_one_rank_is_one_error_everywhere) {
  Buffer<float> snapshot;
  for (const int failing : {0, world_.size() - 1}) {
    std::string message;
    {
      StateWriter writer = make_writer("full.h5", snapshot);
      std::optional<FileSizeLimit> full;
      if (world_.rank() == failing) full.emplace(1000);
      message = expect_error(ErrorKind::io, "full.h5", [&] { writer.finish(); });
    }
    for (const std::string& other : world_.all_gather(message)) EXPECT_EQ(other, message);
    EXPECT_EQ(folder_.entries(), 0);
  }
}

}  // namespace
}  // namespace hourglass
