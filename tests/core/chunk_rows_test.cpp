#include "core/chunk_rows.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <utility>
#include <vector>

namespace hourglass {
namespace {

/// A data set of one Index a row (its number), padded to `row_bytes`, that counts how often the
/// rows of each chunk are unpacked.
class Stored {
 public:
  Stored(Index rows, Index rows_per_chunk, Index row_bytes = sizeof(Index))
      : rows_per_chunk_(rows_per_chunk), row_bytes_(row_bytes) {
    rows_ = std::make_unique<ChunkRows>(
        rows, rows_per_chunk, row_bytes,
        [this](std::span<const Range> runs, std::span<std::byte> bytes) { read(runs, bytes); });
  }

  /// Whether exactly these rows come out.
  bool delivers(const std::vector<Range>& runs) {
    std::vector<Index> expected;
    for (const Range& run : runs) {
      for (Index row = run.begin; row < run.end; ++row) expected.push_back(row);
    }
    std::vector<std::byte> bytes(expected.size() * static_cast<std::size_t>(row_bytes_));
    rows_->read(runs, bytes);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      Index row = -1;
      std::memcpy(&row, bytes.data() + i * static_cast<std::size_t>(row_bytes_), sizeof row);
      if (row != expected[i]) return false;
    }
    return true;
  }
  std::map<Index, int> take_counts() { return std::exchange(counts_, {}); }
  void release() { rows_->release(); }

 private:
  void read(std::span<const Range> runs, std::span<std::byte> bytes) {
    std::map<Index, int> touched;
    std::size_t place = 0;
    for (const Range& run : runs) {
      for (Index row = run.begin; row < run.end; ++row) {
        touched[row / rows_per_chunk_] = 1;
        std::memcpy(bytes.data() + place, &row, sizeof row);
        place += static_cast<std::size_t>(row_bytes_);
      }
    }
    ASSERT_EQ(place, bytes.size());
    for (const auto& [chunk, once] : touched) counts_[chunk] += once;
  }

  Index rows_per_chunk_;
  Index row_bytes_;
  std::map<Index, int> counts_;
  std::unique_ptr<ChunkRows> rows_;
};

using Counts = std::map<Index, int>;

TEST(ChunkRows, unpacks_each_chunk_once_for_ranges_in_file_order) {
  Stored stored(1003, 100);
  EXPECT_TRUE(stored.delivers({{3, 5}, {40, 41}, {99, 102}, {150, 480}, {1000, 1003}}));
  EXPECT_EQ(stored.take_counts(), (Counts{{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}, {10, 1}}));
  EXPECT_TRUE(stored.delivers({{0, 1003}}));
  EXPECT_TRUE(stored.delivers({{7, 7}}));
}

TEST(ChunkRows, unpacks_each_chunk_once_for_small_batches) {
  Stored stored(1003, 100);
  for (Index row = 0; row < 1003; row += 64)
    EXPECT_TRUE(stored.delivers({{row, std::min<Index>(1003, row + 64)}}));
  const Counts counts = stored.take_counts();
  EXPECT_EQ(counts.size(), 11);
  for (const auto& [chunk, count] : counts) EXPECT_EQ(count, 1) << chunk;
}

TEST(ChunkRows, keeps_two_rows_of_chunks) {
  Stored stored(400, 100);
  // Two workers at a border.
  EXPECT_TRUE(stored.delivers({{90, 110}}));
  EXPECT_TRUE(stored.delivers({{110, 130}}));
  EXPECT_TRUE(stored.delivers({{70, 90}}));
  EXPECT_EQ(stored.take_counts(), (Counts{{0, 1}, {1, 1}}));
  EXPECT_TRUE(stored.delivers({{201, 202}, {301, 302}}));
  EXPECT_TRUE(stored.delivers({{90, 110}}));
  EXPECT_EQ(stored.take_counts(), (Counts{{0, 1}, {1, 1}, {2, 1}, {3, 1}}));
  stored.release();
  EXPECT_TRUE(stored.delivers({{91, 92}}));
  EXPECT_EQ(stored.take_counts(), (Counts{{0, 1}}));
}

TEST(ChunkRows, tall_chunks_are_unpacked_once_for_a_window_and_in_parts_for_batches) {
  constexpr Index row_bytes = 1 << 20;
  Stored stored(150, 100, row_bytes);
  EXPECT_TRUE(stored.delivers({{0, 1}, {20, 22}, {98, 99}, {120, 121}, {149, 150}}));
  EXPECT_EQ(stored.take_counts(), (Counts{{0, 1}, {1, 1}}));
  // 25 rows at a time: 100 MiB in 4 even parts.
  for (Index row = 0; row < 150; row += 8)
    EXPECT_TRUE(stored.delivers({{row, std::min<Index>(150, row + 8)}}));
  EXPECT_EQ(stored.take_counts(), (Counts{{0, 4}, {1, 2}}));
  EXPECT_LE(ChunkRows::slab_bytes(150, 100, row_bytes), Index{64} << 20);
}

TEST(ChunkRows, memory_is_bounded) {
  EXPECT_EQ(ChunkRows::slab_bytes(1000, 10, 4), 80);
  EXPECT_EQ(ChunkRows::slab_bytes(10, 10, 4), 40);
  EXPECT_EQ(ChunkRows::slab_bytes(5, 10, 4), 20);
  EXPECT_LE(ChunkRows::slab_bytes(1 << 30, 1 << 30, 4), Index{64} << 20);
  // A row cannot be cut.
  EXPECT_EQ(ChunkRows::slab_bytes(100, 10, Index{64} << 20), Index{128} << 20);
}

TEST(ChunkRows, a_failed_read_leaves_nothing_behind) {
  bool fail = true;
  ChunkRows rows(100, 10, 1, [&](std::span<const Range>, std::span<std::byte> bytes) {
    if (fail) throw std::bad_alloc();
    std::ranges::fill(bytes, std::byte{7});
  });
  std::vector<std::byte> bytes(2);
  const Range run{11, 13};
  EXPECT_THROW(rows.read({&run, 1}, bytes), std::bad_alloc);
  fail = false;
  rows.read({&run, 1}, bytes);
  EXPECT_EQ(bytes[0], std::byte{7});
}

}  // namespace
}  // namespace hourglass
