#include "core/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <vector>

namespace hourglass {
namespace {

using Words = std::array<std::uint32_t, 4>;

// Philox4x32-10 written out from the paper.
Words philox(Words counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {
        static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
        static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

Words expected_bits(std::uint64_t seed, Purpose purpose, std::uint64_t item, std::uint32_t epoch,
                    std::uint32_t block) {
  const std::uint64_t key =
      mix(mix(seed + 0x9e3779b97f4a7c15ULL) + static_cast<std::uint64_t>(purpose));
  return philox(
      {static_cast<std::uint32_t>(item), static_cast<std::uint32_t>(item >> 32), epoch, block},
      {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)});
}

TEST(Philox, reference_gives_the_published_vectors) {
  // kat_vectors of the Random123 distribution.
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox({ones, ones, ones, ones}, {ones, ones}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(CounterRandom, is_philox_of_the_mixed_key_and_the_counter) {
  for (const std::uint64_t seed : {0ULL, 1ULL, 0xffffffffffffffffULL}) {
    for (const Purpose purpose : {Purpose::initialization, Purpose::corruption, Purpose::penalty}) {
      const CounterRandom random(seed, purpose);
      EXPECT_EQ(random.bits(0, 0, 0), expected_bits(seed, purpose, 0, 0, 0));
      EXPECT_EQ(random.bits(0x123456789abcdefULL, 7, 99),
                expected_bits(seed, purpose, 0x123456789abcdefULL, 7, 99));
    }
  }
}

TEST(CounterRandom, purposes_keep_their_numbers) {
  EXPECT_EQ(static_cast<int>(Purpose::initialization), 1);
  EXPECT_EQ(static_cast<int>(Purpose::shuffle_blocks), 2);
  EXPECT_EQ(static_cast<int>(Purpose::shuffle_window), 3);
  EXPECT_EQ(static_cast<int>(Purpose::corruption), 4);
  EXPECT_EQ(static_cast<int>(Purpose::layer_noise), 5);
  EXPECT_EQ(static_cast<int>(Purpose::sampling), 6);
  EXPECT_EQ(static_cast<int>(Purpose::generation), 7);
  EXPECT_EQ(static_cast<int>(Purpose::probe), 8);
  EXPECT_EQ(static_cast<int>(Purpose::pretraining), 9);
  EXPECT_EQ(static_cast<int>(Purpose::penalty), 10);
}

TEST(CounterRandom, every_part_of_the_counter_and_key_matters) {
  std::set<Words> seen;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    for (const Purpose purpose :
         {Purpose::initialization, Purpose::shuffle_blocks, Purpose::sampling}) {
      for (const std::uint64_t item : {0ULL, 1ULL, 1ULL << 32, (1ULL << 32) + 1}) {
        for (std::uint32_t epoch = 0; epoch < 3; ++epoch) {
          for (std::uint32_t block = 0; block < 3; ++block) {
            EXPECT_TRUE(seen.insert(CounterRandom(seed, purpose).bits(item, epoch, block)).second);
          }
        }
      }
    }
  }
}

TEST(UniformUnit, bounds) {
  EXPECT_EQ(uniform_unit(0), 0.0F);
  EXPECT_EQ(uniform_unit(0xff), 0.0F);
  EXPECT_EQ(uniform_unit(0x80000000), 0.5F);
  EXPECT_EQ(uniform_unit(0xffffffff), 1.0F - 0x1p-24F);
}

TEST(UniformUnit, words_are_evenly_spread) {
  const CounterRandom random(11, Purpose::sampling);
  constexpr int draws = 1 << 18;
  constexpr int bins = 64;
  std::array<int, bins> counts{};
  for (std::uint32_t block = 0; block < draws / 4; ++block) {
    for (const std::uint32_t word : random.bits(3, 0, block))
      ++counts[static_cast<std::size_t>(uniform_unit(word) * bins)];
  }
  double chi_squared = 0;
  for (const int count : counts) {
    const double expected = static_cast<double>(draws) / bins;
    chi_squared += (count - expected) * (count - expected) / expected;
  }
  // 63 degrees of freedom: mean 63, deviation 11.2.
  EXPECT_GT(chi_squared, 25.0);
  EXPECT_LT(chi_squared, 115.0);
}

TEST(NormalPair, extreme_words_stay_finite) {
  constexpr std::uint32_t last = std::numeric_limits<std::uint32_t>::max();
  for (const std::uint32_t first : {std::uint32_t{0}, last}) {
    for (const std::uint32_t second : {std::uint32_t{0}, std::uint32_t{1} << 31, last}) {
      for (const float value : normal_pair(first, second)) {
        EXPECT_TRUE(std::isfinite(value));
        EXPECT_LT(std::fabs(value), 6.67F);  // sqrt(2 ln 2^32)
      }
    }
  }
  EXPECT_FLOAT_EQ(normal_pair(0, 0)[0], static_cast<float>(std::sqrt(2 * std::log(0x1p32))));
  EXPECT_EQ(normal_pair(last, 12345)[0], 0.0F);
}

TEST(NormalPair, moments_tails_and_independence) {
  const CounterRandom random(5, Purpose::layer_noise);
  constexpr int blocks = 1 << 17;
  double sum = 0;
  double square = 0;
  double fourth = 0;
  double product = 0;
  int beyond_two = 0;
  for (std::uint32_t block = 0; block < blocks; ++block) {
    const Words words = random.bits(0, 0, block);
    for (const auto& [a, b] : {normal_pair(words[0], words[1]), normal_pair(words[2], words[3])}) {
      product += static_cast<double>(a) * static_cast<double>(b);
      for (const float value : {a, b}) {
        const auto x = static_cast<double>(value);
        sum += x;
        square += x * x;
        fourth += x * x * x * x;
        if (std::fabs(x) > 2) ++beyond_two;
      }
    }
  }
  const double n = 4.0 * blocks;
  const double error = 5 / std::sqrt(n);
  EXPECT_NEAR(sum / n, 0.0, error);
  EXPECT_NEAR(square / n, 1.0, error * std::sqrt(2.0));
  EXPECT_NEAR(fourth / n, 3.0, error * std::sqrt(96.0));
  EXPECT_NEAR(product / (n / 2), 0.0, error * std::sqrt(2.0));
  EXPECT_NEAR(beyond_two / n, std::erfc(std::sqrt(2.0)), error * 0.21);
}

std::vector<Index> permutation(std::uint64_t seed, std::uint64_t item, std::uint32_t epoch,
                               std::uint32_t stream, std::size_t size) {
  std::vector<Index> order(size, -1);
  random_permutation(CounterRandom(seed, Purpose::shuffle_blocks), item, epoch, stream, order);
  return order;
}

TEST(RandomPermutation, holds_every_position_once) {
  for (const std::size_t size : {0U, 1U, 2U, 17U, 1000U}) {
    auto order = permutation(1, 2, 3, 4, size);
    std::ranges::sort(order);
    std::vector<Index> all(size);
    std::iota(all.begin(), all.end(), Index{0});
    EXPECT_EQ(order, all);
  }
}

TEST(RandomPermutation, is_a_function_of_seed_item_epoch_and_stream) {
  const auto order = permutation(1, 2, 3, 4, 100);
  EXPECT_EQ(order, permutation(1, 2, 3, 4, 100));
  EXPECT_NE(order, permutation(0, 2, 3, 4, 100));
  EXPECT_NE(order, permutation(1, 0, 3, 4, 100));
  EXPECT_NE(order, permutation(1, 2, 0, 4, 100));
  EXPECT_NE(order, permutation(1, 2, 3, 0, 100));
}

TEST(RandomPermutation, all_orders_are_equally_likely) {
  constexpr int draws = 24000;
  std::map<std::vector<Index>, int> counts;
  for (int item = 0; item < draws; ++item)
    ++counts[permutation(9, static_cast<std::uint64_t>(item), 1, 0, 4)];
  EXPECT_EQ(counts.size(), 24U);
  double chi_squared = 0;
  for (const auto& [order, count] : counts)
    chi_squared += (count - 1000.0) * (count - 1000.0) / 1000.0;
  // 23 degrees of freedom: mean 23, deviation 6.8.
  EXPECT_LT(chi_squared, 55.0);
  EXPECT_GT(chi_squared, 5.0);
}

}  // namespace
}  // namespace hourglass
