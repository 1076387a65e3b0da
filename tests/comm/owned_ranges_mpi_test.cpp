#include "comm/owned_ranges.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <vector>

#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

constexpr std::uint32_t foreign_bits = 0x7fa00001;  // a signalling NaN: not owned, never touched

// Every pattern that arithmetic might change: -0, +0, subnormal numbers, infinities, NaN payloads.
std::uint32_t bits_of(Index i) {
  constexpr std::uint32_t special[] = {0x80000000, 0x00000000, 0x80000001, 0x00000001,
                                       0x7f800000, 0xff800000, 0x7fc12345, 0xffa54321};
  return i % 3 == 2 ? 0x3f800000U + static_cast<std::uint32_t>(i) : special[i % 8];
}

// Ranges by rank for arenas that are divided in different ways.
using Division = std::vector<std::vector<Range>>;

Division one_part_per_rank(int ranks, Index size) {
  Division division;
  for (int rank = 0; rank < ranks; ++rank) division.push_back({even_part(size, ranks, rank)});
  return division;
}

// As a reducer divides an arena: buckets from the tail, one slice per rank, often empty.
Division buckets_of_cells(int ranks, Index buckets, Index cells) {
  Division division(static_cast<std::size_t>(ranks));
  for (Index b = buckets - 1; b >= 0; --b) {
    for (int rank = 0; rank < ranks; ++rank) {
      const Range part = even_part(cells, ranks, ranks - 1 - rank);
      const Index begin = b * cells * cell_floats;
      division[static_cast<std::size_t>(rank)].push_back(
          {begin + part.begin * cell_floats, begin + part.end * cell_floats});
    }
  }
  return division;
}

// Rank r has r ranges of different lengths; there are gaps that nobody owns.
Division uneven(int ranks) {
  Division division(static_cast<std::size_t>(ranks));
  Index begin = 5;
  for (int n = 0; n < ranks; ++n) {
    for (int rank = ranks - 1; rank > n; --rank) {
      division[static_cast<std::size_t>(rank)].push_back({begin, begin + 7 * rank + n});
      begin += 7 * rank + n + (rank % 2);
    }
  }
  return division;
}

void expect_gathered(const Communicator& world, const Division& division, Index size) {
  std::vector<std::uint32_t> expected(static_cast<std::size_t>(size), foreign_bits);
  for (const auto& ranges : division) {
    for (const Range& range : ranges) {
      for (Index i = range.begin; i < range.end; ++i)
        expected[static_cast<std::size_t>(i)] = bits_of(i);
    }
  }
  const auto& own = division[static_cast<std::size_t>(world.rank())];
  const OwnedRanges owned(world, own);
  EXPECT_EQ(std::vector<Range>(owned.own().begin(), owned.own().end()), own);
  // Twice: the arena of a second gather holds the results of the first.
  std::vector<float> arena(static_cast<std::size_t>(size), std::bit_cast<float>(foreign_bits));
  for (int repetition = 0; repetition < 2; ++repetition) {
    for (const Range& range : own) {
      for (Index i = range.begin; i < range.end; ++i)
        arena[static_cast<std::size_t>(i)] = std::bit_cast<float>(bits_of(i));
    }
    world.all_gather(arena, owned);
    for (Index i = 0; i < size; ++i) {
      ASSERT_EQ(std::bit_cast<std::uint32_t>(arena[static_cast<std::size_t>(i)]),
                expected[static_cast<std::size_t>(i)])
          << "float " << i << " on rank " << world.rank();
    }
  }
}

TEST(OwnedRanges, all_gather_keeps_every_bit) {
  const auto world = Communicator::world();
  const int ranks = world.size();
  for (const Index size : {0, 1, 3, 64, 1000, 100'003})
    expect_gathered(world, one_part_per_rank(ranks, size), size);
  for (const Index cells : {1, 2, 3, 5, 17}) {
    for (const Index buckets : {1, 4, 9})
      expect_gathered(world, buckets_of_cells(ranks, buckets, cells),
                      buckets * cells * cell_floats);
  }
  expect_gathered(world, uneven(ranks), 10 * ranks * ranks * ranks + 500);
}

TEST(OwnedRanges, negative_zero_of_every_rank_arrives_everywhere) {
  const auto world = Communicator::world();
  const Range own{world.rank(), world.rank() + 1};
  std::vector<float> arena(static_cast<std::size_t>(world.size()), 1.0F);
  arena[static_cast<std::size_t>(world.rank())] = -0.0F;
  world.all_gather(arena, OwnedRanges(world, {&own, 1}));
  for (const float value : arena) EXPECT_EQ(std::bit_cast<std::uint32_t>(value), 0x80000000U);
}

TEST(OwnedRanges, ranges_of_one_rank_alone) {
  const auto world = Communicator::world();
  Division division(static_cast<std::size_t>(world.size()));
  division.back() = {{100, 164}, {0, 64}, {64, 64}};
  expect_gathered(world, division, 200);
}

TEST(OwnedRanges, overlap_is_a_bug_on_every_rank) {
  const auto world = Communicator::world();
  const std::vector<Range> twice = {{0, 64}, {32, 96}};
  expect_error(ErrorKind::bug, "two ranks own the same part",
               [&] { const OwnedRanges owned(world, twice); });
  const Range everything{0, 64};
  if (world.size() > 1) {
    expect_error(ErrorKind::bug, "two ranks own the same part", [&] {
      const OwnedRanges owned(world, {&everything, 1});
    });
  }
}

TEST(OwnedRanges, small_arena_is_a_bug_on_every_rank) {
  const auto world = Communicator::world();
  const Range own = even_part(1000, world.size(), world.rank());
  const OwnedRanges owned(world, {&own, 1});
  EXPECT_EQ(owned.end(), 1000);
  std::vector<float> arena(999);
  expect_error(ErrorKind::bug, "beyond the end", [&] { world.all_gather(arena, owned); });
}

}  // namespace
}  // namespace hourglass
