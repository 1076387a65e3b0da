#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>

namespace hourglass {

/// A sum of doubles without rounding: a fixed-point accumulator wide enough for every finite double
/// (Kulisch). Addition is exact, hence associative and commutative, so that losses, norms and
/// metrics do not depend on how terms are grouped over threads and ranks. value() rounds once.
class ExactSum {
 public:
  /// Each signed 64-bit word holds 32 bits of the fixed-point number, lowest first; its other bits
  /// are headroom for carries. Bit 0 of word 0 is worth 2^-1074, the smallest double; the 78 bits
  /// above the largest double are headroom for the sum.
  static constexpr int word_count = 68;

  /// Adds a term. A NaN or infinity makes value() NaN.
  void add(double term) {
    const auto bits = std::bit_cast<std::uint64_t>(term);
    const auto exponent = static_cast<unsigned>(bits >> 52) & 0x7ffU;
    if (exponent == 0x7ffU) {
      ++words_[word_count];
      return;
    }
    if (pending_ >= max_pending) normalize();
    ++pending_;
    const std::uint64_t fraction = bits & ((std::uint64_t{1} << 52) - 1);
    const std::uint64_t mantissa = exponent == 0 ? fraction : fraction | (std::uint64_t{1} << 52);
    const unsigned position = exponent == 0 ? 0 : exponent - 1;
    // 53 bits shifted by up to 31 touch three words of 32 bits.
    const Wide shifted = static_cast<Wide>(mantissa) << (position % 32);
    const std::int64_t sign =
        -static_cast<std::int64_t>(bits >> 63);  // 0 or -1: (x ^ sign) - sign negates
    std::int64_t* word = words_.data() + position / 32;
    word[0] += (static_cast<std::int64_t>(static_cast<std::uint32_t>(shifted)) ^ sign) - sign;
    word[1] += (static_cast<std::int64_t>(static_cast<std::uint32_t>(shifted >> 32)) ^ sign) - sign;
    word[2] += (static_cast<std::int64_t>(static_cast<std::uint32_t>(shifted >> 64)) ^ sign) - sign;
  }
  void add(const ExactSum& other);
  void clear();
  /// The sum, rounded to nearest even; NaN when a term was not finite; infinite only when the sum
  /// itself exceeds the doubles.
  [[nodiscard]] double value() const;

  /// The words for a reduction over ranks: element-wise 64-bit integer sums of the words are the
  /// words of the sum. Calls normalize(), so that up to 2^30 ranks can be added without overflow
  /// and equal sums have equal words. The caller may overwrite the words with such a sum, from
  /// which value() and add() continue.
  [[nodiscard]] std::span<std::int64_t, word_count + 1> words() {
    normalize();
    pending_ = max_pending;
    return words_;
  }
  /// Propagates carries: every word but the highest becomes a number in [0, 2^32).
  void normalize();

 private:
  __extension__ using Wide = unsigned __int128;
  static constexpr std::int64_t max_pending = std::int64_t{1} << 30;

  // The last word counts terms that were not finite.
  std::array<std::int64_t, word_count + 1> words_{};
  // No word exceeds pending_ * 2^32 in magnitude: at most 2^62.
  std::int64_t pending_ = 0;
};

}  // namespace hourglass
