#include "engine/sum_over_ranks.hpp"

#include <algorithm>

namespace hourglass {

void sum_over_ranks(const Communicator& communicator, std::span<ExactSum> sums,
                    std::vector<std::int64_t>& scratch) {
  if (sums.size() == 1) return communicator.sum(sums.front().words());
  scratch.resize(sums.size() * (ExactSum::word_count + 1));
  auto word = scratch.begin();
  for (ExactSum& sum : sums) word = std::ranges::copy(sum.words(), word).out;
  communicator.sum(scratch);
  word = scratch.begin();
  for (ExactSum& sum : sums) {
    const auto words = sum.words();
    std::copy_n(word, words.size(), words.begin());
    word += static_cast<std::ptrdiff_t>(words.size());
  }
}

void sum_over_ranks(const Communicator& communicator, std::span<ExactSum> sums) {
  std::vector<std::int64_t> scratch;
  sum_over_ranks(communicator, sums, scratch);
}

}  // namespace hourglass
