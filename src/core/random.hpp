#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "hourglass/core/types.hpp"

namespace hourglass {

/// The uses of random numbers. Each has a stream of its own, so that adding one never shifts
/// another. The values decide the bits of results: never renumber them.
enum class Purpose : std::uint32_t {
  initialization = 1,
  shuffle_blocks = 2,
  shuffle_window = 3,
  corruption = 4,
  layer_noise = 5,
  sampling = 6,
  generation = 7,
  probe = 8,
  pretraining = 9,
  penalty = 10,
  label_subset = 11,
  validation_split = 12,
  compression = 13,
  sweep = 20,
  evidence = 21,
};

/// Stateless counter-based generator: Philox4x32-10 (Salmon et al., "Parallel random numbers: as
/// easy as 1, 2, 3", SC 2011). The same (seed, purpose, counter) gives the same bits on every rank
/// and thread, in any order of calls.
class CounterRandom {
 public:
  CounterRandom(std::uint64_t seed, Purpose purpose);

  /// Four independent 32-bit words for the counter (item, epoch, block): `item` is a sample id,
  /// tensor slot or shard; `block` numbers the groups of four elements inside it.
  [[nodiscard]] std::array<std::uint32_t, 4> bits(std::uint64_t item, std::uint32_t epoch,
                                                  std::uint32_t block) const;

 private:
  std::array<std::uint32_t, 2> key_{};
};

/// Uniform in [0, 1), 24 bits: word >> 8 times 2^-24.
[[nodiscard]] float uniform_unit(std::uint32_t word);

/// Two independent standard normal numbers from two words, by the Box-Muller transform in double.
[[nodiscard]] std::array<float, 2> normal_pair(std::uint32_t first, std::uint32_t second);

/// Fills `order` with a uniformly random permutation of 0..size-1 (Fisher-Yates with 64-bit draws),
/// a function of the generator and of (item, epoch, stream) only; `stream` separates permutations
/// made for the same item and epoch.
void random_permutation(const CounterRandom& random, std::uint64_t item, std::uint32_t epoch,
                        std::uint32_t stream, std::span<Index> order);

}  // namespace hourglass
