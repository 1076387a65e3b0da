#include "math/exact_sum.hpp"

#include <cmath>
#include <limits>

namespace hourglass {

namespace {

// Exponent of the fixed-point number's lowest bit.
constexpr int lowest_exponent = -1074;

}  // namespace

void ExactSum::add(const ExactSum& other) {
  if (other.pending_ > max_pending / 2) {
    ExactSum reduced = other;
    reduced.normalize();
    add(reduced);
    return;
  }
  if (pending_ + other.pending_ > max_pending) normalize();
  pending_ += other.pending_;
  for (std::size_t i = 0; i < words_.size(); ++i) words_[i] += other.words_[i];
}

void ExactSum::clear() { *this = ExactSum(); }

void ExactSum::normalize() {
  std::int64_t carry = 0;
  for (std::size_t i = 0; i + 1 < word_count; ++i) {
    const std::int64_t word = words_[i] + carry;
    carry = word >> 32;  // rounds towards minus infinity, so the rest is never negative
    words_[i] = word & 0xffffffff;
  }
  words_[word_count - 1] += carry;
  pending_ = 1;
}

double ExactSum::value() const {
  if (words_[word_count] != 0) return std::numeric_limits<double>::quiet_NaN();
  ExactSum magnitude = *this;
  magnitude.normalize();
  const bool negative = magnitude.words_[word_count - 1] < 0;
  if (negative) {
    for (auto& word : magnitude.words_) word = -word;
    magnitude.normalize();
  }
  int top = word_count - 1;
  while (top > 0 && magnitude.words_[static_cast<std::size_t>(top)] == 0) --top;
  // The 96 highest bits hold a double's 53 and the bit that decides rounding, at any position
  // inside the top word; all lower bits matter only by being zero or not. The highest word itself
  // can hold more than 32 bits, but only for sums beyond 2^1070, which are infinite anyway.
  const auto word_at = [&](int i) {
    return i < 0 ? 0 : static_cast<std::uint64_t>(magnitude.words_[static_cast<std::size_t>(i)]);
  };
  const Wide high = (static_cast<Wide>(word_at(top)) << 64) |
                    (static_cast<Wide>(word_at(top - 1)) << 32) | word_at(top - 2);
  bool sticky = false;
  for (int i = 0; i < top - 2; ++i) sticky = sticky || word_at(i) != 0;
  if (high == 0) return 0.0;
  // Brought to 64 bits with the lost ones gathered in the lowest, the conversion rounds once and
  // correctly.
  int shift = 0;
  while ((high >> shift) >> 64 != 0) ++shift;
  const auto lost = high & ((static_cast<Wide>(1) << shift) - 1);
  std::uint64_t leading = static_cast<std::uint64_t>(high >> shift);
  if (sticky || lost != 0) leading |= 1;
  const double rounded =
      std::ldexp(static_cast<double>(leading), 32 * (top - 2) + shift + lowest_exponent);
  return negative ? -rounded : rounded;
}

}  // namespace hourglass
