#include "core/random.hpp"

#include <Random123/philox.h>

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace hourglass {

namespace {

__extension__ using Wide = unsigned __int128;

// SplitMix64's finalizer: spreads (seed, purpose) over all 64 key bits, so that neighbouring seeds
// give unrelated keys.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

CounterRandom::CounterRandom(std::uint64_t seed, Purpose purpose) {
  const std::uint64_t key =
      mix(mix(seed + 0x9e3779b97f4a7c15ULL) + static_cast<std::uint64_t>(purpose));
  key_ = {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
}

std::array<std::uint32_t, 4> CounterRandom::bits(std::uint64_t item, std::uint32_t epoch,
                                                 std::uint32_t block) const {
  const r123::Philox4x32 philox;
  const r123::Philox4x32::ctr_type counter = {
      {static_cast<std::uint32_t>(item), static_cast<std::uint32_t>(item >> 32), epoch, block}};
  const r123::Philox4x32::key_type key = {{key_[0], key_[1]}};
  const auto words = philox(counter, key);
  return {words[0], words[1], words[2], words[3]};
}

float uniform_unit(std::uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24F; }

std::array<float, 2> normal_pair(std::uint32_t first, std::uint32_t second) {
  // (0, 1]: the logarithm of zero must not occur.
  const double u = (static_cast<double>(first) + 1.0) * 0x1p-32;
  const double angle = 2.0 * std::numbers::pi * (static_cast<double>(second) * 0x1p-32);
  const double radius = std::sqrt(-2.0 * std::log(u));
  return {static_cast<float>(radius * std::cos(angle)),
          static_cast<float>(radius * std::sin(angle))};
}

void random_permutation(const CounterRandom& random, std::uint64_t item, std::uint32_t epoch,
                        std::uint32_t stream, std::span<Index> order) {
  std::iota(order.begin(), order.end(), Index{0});
  // The item's high half holds the stream: there are far fewer than 2^32 shards.
  const std::uint64_t keyed_item = item | (static_cast<std::uint64_t>(stream) << 32);
  for (std::size_t i = order.size(); i > 1; --i) {
    const auto words = random.bits(keyed_item, epoch, static_cast<std::uint32_t>(i));
    const std::uint64_t draw = (static_cast<std::uint64_t>(words[1]) << 32) | words[0];
    // Multiply-shift maps 64 random bits onto [0, i); its bias is below 2^-32 for any size that
    // fits in memory.
    const auto j = static_cast<std::size_t>((static_cast<Wide>(draw) * i) >> 64);
    std::swap(order[i - 1], order[j]);
  }
}

}  // namespace hourglass
