#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace hourglass {

/// Sum of doubles without rounding: a fixed-point accumulator wide enough for every finite double (Kulisch).
/// Addition is exact, hence associative and commutative: the result does not depend on how terms are grouped over threads
/// and ranks, which is what makes losses, norms and metrics the same on any number of them. value() rounds once.
class ExactSum {
 public:
  /// 32 bits of the fixed-point number in each signed 64-bit word, lowest first; the rest of a word is room for carries.
  static constexpr int word_count = 68;

  /// Adds a term. A NaN or infinity makes value() NaN.
  void add(double term);
  void add(const ExactSum& other);
  void clear();
  /// The sum, rounded to nearest even; NaN when a term was not finite.
  [[nodiscard]] double value() const;

  /// The words for a reduction over ranks: element-wise 64-bit integer sums of the words are the words of the sum.
  /// normalize() first, so that up to 2^30 ranks can be added without overflow.
  [[nodiscard]] std::span<std::int64_t, word_count + 1> words() { return words_; }
  void normalize();

 private:
  // The last word counts terms that were not finite.
  std::array<std::int64_t, word_count + 1> words_{};
  std::int64_t pending_ = 0;  // terms since the last carry propagation
};

}  // namespace hourglass
