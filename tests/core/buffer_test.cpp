#include "core/buffer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

std::uintptr_t address(const void* memory) { return reinterpret_cast<std::uintptr_t>(memory); }

TEST(Buffer, zeroed_and_aligned_at_every_size) {
  // From less than a cache line to several huge pages.
  for (const Index size : {1, 7, 16, 1000, (1 << 19) - 1, (1 << 20) + 1, 1 << 21}) {
    // Freed memory that is not zero, which a careless allocation would return.
    {
      Buffer<float> dirty(size);
      std::ranges::fill(dirty.span(), 1.0F);
    }
    const Buffer<float> buffer(size);
    EXPECT_EQ(buffer.size(), size);
    EXPECT_EQ(address(buffer.data()) % 64, 0U);
    EXPECT_TRUE(std::ranges::all_of(buffer.span(), [](float value) { return value == 0.0F; }))
        << size;
  }
}

TEST(Buffer, empty) {
  const Buffer<double> none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.span().size(), 0U);
  const Buffer<double> nothing(0);
  EXPECT_TRUE(nothing.empty());
}

TEST(Buffer, elements_are_kept) {
  Buffer<std::int32_t> buffer(100);
  for (Index i = 0; i < 100; ++i) buffer[i] = static_cast<std::int32_t>(i * i);
  EXPECT_EQ(buffer.span()[99], 99 * 99);
  EXPECT_EQ(buffer.data()[10], 100);
}

TEST(Buffer, moving_hands_the_memory_over) {
  Buffer<float> first(64);
  first[5] = 5.0F;
  const float* memory = first.data();
  Buffer<float> second(std::move(first));
  EXPECT_EQ(second.data(), memory);
  EXPECT_EQ(second.size(), 64);
  Buffer<float> third(8);
  third = std::move(second);
  EXPECT_EQ(third.data(), memory);
  EXPECT_EQ(third[5], 5.0F);
}

// AddressSanitizer ends the program on an impossible allocation.
#ifndef __SANITIZE_ADDRESS__
TEST(Buffer, short_memory_is_an_error_for_the_user) {
  try {
    const Buffer<std::byte> buffer(Index{1} << 60);
    FAIL() << "2^60 bytes were allocated";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io);
    EXPECT_NE(std::strstr(error.what(), "out of memory"), nullptr);
  }
}
#endif

TEST(Buffer, size_beyond_the_address_space_is_out_of_memory) {
  EXPECT_THROW(Buffer<double>(std::numeric_limits<Index>::max() / 4), Error);
  EXPECT_THROW(Buffer<float>(-1), Error);
}

}  // namespace
}  // namespace hourglass
