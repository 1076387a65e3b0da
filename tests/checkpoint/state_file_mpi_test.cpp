#include <gtest/gtest.h>

#include <filesystem>
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

class ArenaRangesTest : public StateFileMpiTest {
 protected:
  ArenaRangesTest() { write_example(world_, path_); }

  std::vector<Range> own_ranges() const {
    return sharded_ranges(arena_size(tensors_), 3, world_.size(), world_.rank());
  }

  // What this rank reads of its ranges, which is compared with the values stored.
  Index expect_read(const std::vector<Range>& ranges) {
    const StateFile file = open_state_file(path_);
    Index floats = 0;
    for (const Range& range : ranges) floats += range.size();
    std::vector<float> values(static_cast<std::size_t>(floats), 99.0F);
    const Index bytes = read_arena_ranges(world_, file, "/optimizer/mean", ranges, values);
    const auto stored = example_values(tensors_, 0.125F);
    std::size_t place = 0;
    for (const Range& range : ranges) {
      for (Index i = range.begin; i < range.end; ++i, ++place)
        EXPECT_EQ(values[place], stored[static_cast<std::size_t>(i)]) << "float " << i;
    }
    return bytes;
  }

  Index stored_bytes() const {
    Index values = 0;
    for (const StoredTensor& tensor : tensors_) values += tensor.size;
    return values * static_cast<Index>(sizeof(float));
  }

  Index sum(Index value) const {
    std::vector<std::int64_t> sums = {value};
    world_.sum(sums);
    return sums[0];
  }

  std::vector<StoredTensor> tensors_ = example_tensors();
  std::string path_ = folder_.file("example.h5");
};

TEST_F(ArenaRangesTest, each_rank_reads_its_ranges_only) {
  EXPECT_EQ(sum(expect_read(own_ranges())), stored_bytes());
  // Other cuts than those of the writer, and ranks without anything.
  std::vector<Range> last;
  if (world_.rank() == world_.size() - 1) last.push_back({0, arena_size(tensors_)});
  const Index bytes = expect_read(last);
  EXPECT_EQ(bytes, last.empty() ? 0 : stored_bytes());
}

TEST_F(ArenaRangesTest, replicated_ranges_are_read_by_every_rank) {
  EXPECT_EQ(expect_read({{0, arena_size(tensors_)}}), stored_bytes());
}

TEST_F(ArenaRangesTest, flipped_bit_anywhere_is_one_error_everywhere) {
  const auto stored = example_values(tensors_, 0.125F);
  const auto ranges = own_ranges();
  Index floats = 0;
  for (const Range& range : ranges) floats += range.size();
  std::vector<float> values(static_cast<std::size_t>(floats));
  const StateFile file = open_state_file(path_);
  const std::string sound = read_bytes(path_);
  world_.barrier();  // everyone has read the sound file
  for (const StoredTensor& tensor : tensors_) {
    const std::string needle(reinterpret_cast<const char*>(stored.data() + tensor.offset),
                             static_cast<std::size_t>(tensor.size) * sizeof(float));
    const std::size_t begin = sound.find(needle);
    ASSERT_NE(begin, std::string::npos);
    for (const std::size_t at : {begin, begin + needle.size() / 2, begin + needle.size() - 1}) {
      std::string message;
      {
        std::optional<ByteInFile> damaged;
        if (world_.is_root())
          damaged.emplace(path_, at, static_cast<char>(sound[at] ^ 4), sound[at]);
        world_.barrier();
        message = expect_error(ErrorKind::data, "digest mismatch in /optimizer/mean", [&] {
          read_arena_ranges(world_, file, "/optimizer/mean", ranges, values);
        });
        world_.barrier();
      }
      for (const std::string& other : world_.all_gather(message)) EXPECT_EQ(other, message);
    }
  }
  EXPECT_NO_THROW(read_arena_ranges(world_, file, "/optimizer/mean", ranges, values));
}

TEST_F(ArenaRangesTest, ranges_that_do_not_cover_the_group_are_an_error) {
  const StateFile file = open_state_file(path_);
  std::vector<float> values(cell_floats);
  std::vector<Range> ranges;
  if (world_.is_root()) ranges.push_back({0, cell_floats});
  expect_error(ErrorKind::data, "does not fit the model", [&] {
    read_arena_ranges(world_, file, "/optimizer/mean", ranges,
                      std::span(values).first(ranges.empty() ? 0 : values.size()));
  });
  expect_error(ErrorKind::data, "holds no /optimizer/variance", [&] {
    read_arena_ranges(world_, file, "/optimizer/variance", ranges,
                      std::span(values).first(ranges.empty() ? 0 : values.size()));
  });
}

TEST_F(ArenaRangesTest, file_that_is_gone_is_one_error_everywhere) {
  const StateFile file = open_state_file(path_);
  world_.barrier();
  if (world_.is_root()) std::filesystem::remove(path_);
  world_.barrier();
  std::vector<float> values(static_cast<std::size_t>(arena_size(tensors_)));
  expect_error(ErrorKind::io, "no such file", [&] {
    read_arena_ranges(world_, file, "/optimizer/mean", {{Range{0, arena_size(tensors_)}}}, values);
  });
}

}  // namespace
}  // namespace hourglass
