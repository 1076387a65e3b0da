#include <gtest/gtest.h>

#include "comm/reducer.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

TEST(MakeBuckets, tile_arena_from_tail_to_head) {
  for (const Index cells : {1, 2, 3, 7, 63, 64, 65, 1000}) {
    for (const Index bucket_bytes : {1, 255, 256, 257, 1000, 4096, 1 << 20}) {
      SCOPED_TRACE(std::to_string(cells) + " cells, bucket of " + std::to_string(bucket_bytes));
      const std::vector<Range> buckets = make_buckets(cells * cell_floats, bucket_bytes);
      Index end = cells * cell_floats;
      Index smallest = end;
      Index largest = 0;
      for (const Range& bucket : buckets) {
        EXPECT_EQ(bucket.end, end);
        EXPECT_EQ(bucket.begin % cell_floats, 0);
        EXPECT_GT(bucket.size(), 0);
        smallest = std::min(smallest, bucket.size());
        largest = std::max(largest, bucket.size());
        end = bucket.begin;
      }
      EXPECT_EQ(end, 0);
      EXPECT_LE(largest, std::max(cell_floats, bucket_bytes / 4));
      EXPECT_LE(largest - smallest, cell_floats);
    }
  }
}

TEST(MakeBuckets, no_more_than_needed) {
  EXPECT_EQ(make_buckets(1024, 4096).size(), 1U);
  EXPECT_EQ(make_buckets(1024, 4095).size(), 2U);
  EXPECT_EQ(make_buckets(1024, 1).size(), 16U);
  EXPECT_EQ(make_buckets(0, 4096).size(), 0U);
}

TEST(MakeBuckets, counts_fit_in_an_int) {
  const Index arena = Index{5} << 30;  // 20 GiB
  const std::vector<Range> buckets = make_buckets(arena, Index{1} << 60);
  ASSERT_EQ(buckets.size(), 5U);
  for (const Range& bucket : buckets) EXPECT_EQ(bucket.size(), Index{1} << 30);
}

TEST(MakeBuckets, head_is_cut_off) {
  const auto buckets = make_buckets(10 * cell_floats, 4 * cell_floats * 4, 3 * cell_floats);
  const std::vector<Range> expected{{6 * cell_floats, 10 * cell_floats},
                                    {3 * cell_floats, 6 * cell_floats},
                                    {0, 3 * cell_floats}};
  EXPECT_EQ(buckets, expected);
  EXPECT_EQ(make_buckets(640, 1024, 0), make_buckets(640, 1024));
  EXPECT_EQ(make_buckets(640, 1024, 640), make_buckets(640, 1024));
  EXPECT_EQ(make_buckets(640, 256, 128).size(), 10U) << "a head of two buckets";
}

TEST(MakeBuckets, refuses_nonsense) {
  try {
    (void)make_buckets(64, 0);
    FAIL() << "a bucket of no bytes";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(std::string(error.what()).find("--bucket-bytes"), std::string::npos);
  }
  EXPECT_THROW((void)make_buckets(64, -1), Error);
  EXPECT_THROW((void)make_buckets(63, 256), Error);
}

}  // namespace
}  // namespace hourglass
