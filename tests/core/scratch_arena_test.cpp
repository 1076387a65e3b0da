#include "core/scratch_arena.hpp"

#include <gtest/gtest.h>

#include <cstdint>

#include "core/buffer.hpp"

namespace hourglass {
namespace {

struct Pair {
  Index first = 7;
  const float* second = nullptr;
};

TEST(ScratchArena, parts_follow_each_other_in_whole_cells) {
  Buffer<float> memory(ScratchArena::floats_of(3, 50) + ScratchArena::floats_of(1, 1) + 64);
  ScratchArena arena(memory.span());
  const Matrix first = arena.allocate(3, 50);
  const Matrix second = arena.allocate(1, 1);
  EXPECT_EQ(first.data, memory.data());
  EXPECT_EQ(first.rows, 3);
  EXPECT_EQ(first.columns, 50);
  EXPECT_EQ(first.stride, 50);
  EXPECT_EQ(second.data, memory.data() + 192);
  EXPECT_EQ(arena.rest().data(), memory.data() + 256);
  EXPECT_EQ(arena.rest().size(), 64U);
}

TEST(ScratchArena, arrays_are_initialised_and_aligned) {
  Buffer<float> memory(64 + ScratchArena::floats_of_array<Pair>(9));
  for (float& value : memory.span()) value = 1;
  ScratchArena arena(memory.span());
  static_cast<void>(arena.allocate(1, 3));
  const auto pairs = arena.allocate_array<Pair>(9);
  ASSERT_EQ(pairs.size(), 9U);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(pairs.data()) % 64, 0U);
  for (const Pair& pair : pairs) {
    EXPECT_EQ(pair.first, 7);
    EXPECT_EQ(pair.second, nullptr);
  }
  EXPECT_TRUE(arena.rest().empty());
}

TEST(ScratchArena, sizes_are_whole_cells_that_hold_the_elements) {
  for (Index count = 0; count < 40; ++count) {
    const Index floats = ScratchArena::floats_of_array<Pair>(count);
    EXPECT_EQ(floats % cell_floats, 0);
    EXPECT_GE(floats * static_cast<Index>(sizeof(float)), count * static_cast<Index>(sizeof(Pair)));
  }
  EXPECT_EQ(ScratchArena::floats_of(8, 8), 64);
  EXPECT_EQ(ScratchArena::floats_of(5, 13), 128);
}

TEST(ScratchArena, empty_parts_need_no_memory) {
  ScratchArena arena({});
  EXPECT_EQ(arena.allocate(0, 5).rows, 0);
  EXPECT_TRUE(arena.allocate_array<double>(0).empty());
}

TEST(ScratchArena, too_little_memory_is_a_bug) {
  Buffer<float> memory(128);
  ScratchArena arena(memory.span());
  EXPECT_THROW(static_cast<void>(arena.allocate(1, 129)), Error);
  EXPECT_NO_THROW(static_cast<void>(arena.allocate(1, 65)));
  EXPECT_THROW(static_cast<void>(arena.allocate_array<float>(1)), Error);
}

}  // namespace
}  // namespace hourglass
