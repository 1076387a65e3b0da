#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "checkpoint/state_file.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "values are written and hashed as they lie in memory");

/// The order-free digest behind weights_digest: a sum over cells, modulo 2^64 in each of two words,
/// so that partial digests of different ranks add up.
class ArenaDigest {
 public:
  /// Adds values [begin, begin + values.size()) of a tensor; begin is a multiple of 64, and so is
  /// the end unless it is the tensor's.
  void add(const StoredTensor& tensor, Index begin, std::span<const float> values);

  [[nodiscard]] std::array<std::uint64_t, 2>& words() { return words_; }
  [[nodiscard]] std::string hex() const;

 private:
  std::array<std::uint64_t, 2> words_{};
};

}  // namespace hourglass
