#include "engine/step_totals.hpp"

#include <algorithm>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

constexpr std::size_t exact_words = ExactSum::word_count + 1;
constexpr std::size_t flag_words = 3 * exact_words;
constexpr std::size_t failure_word = flag_words + std::tuple_size_v<StepFlags>;
constexpr std::size_t root_failure_word = failure_word + 1;
constexpr std::size_t all_words = root_failure_word + 1;

}  // namespace

StepSummation::StepSummation(Index units) : words_(all_words + static_cast<std::size_t>(units)) {
  totals_.unit_divergences = UnitDivergences(units);
}

Request StepSummation::start(const Communicator& communicator, StepSums& sums,
                             const StepFlags& flags) {
  auto word = words_.begin();
  for (ExactSum* sum : {&sums.loss, &sums.squared_error, &sums.penalty})
    word = std::ranges::copy(sum->words(), word).out;
  for (std::size_t f = 0; f < flags.size(); ++f) words_[flag_words + f] = flags[f] ? 1 : 0;
  words_[failure_word] = sums.failure ? 1 : 0;
  words_[root_failure_word] = sums.root_failures;
  const auto divergences = sums.unit_divergences.words();
  require(all_words + divergences.size() == words_.size(), "sums of another model");
  std::ranges::copy(divergences, words_.begin() + all_words);
  return communicator.iallreduce_sum(words_);
}

const StepTotals& StepSummation::finish(const StepSums& sums, Index samples) {
  auto word = words_.begin();
  for (ExactSum* sum : {&totals_.loss, &totals_.squared_error, &totals_.penalty}) {
    std::copy_n(word, exact_words, sum->words().begin());
    word += exact_words;
  }
  for (std::size_t f = 0; f < totals_.flags.size(); ++f) totals_.flags[f] = words_[flag_words + f];
  std::copy(words_.begin() + all_words, words_.end(), totals_.unit_divergences.words().begin());
  totals_.root_failures = words_[root_failure_word];
  totals_.failed = words_[failure_word] > 0;
  totals_.failure = sums.failure;
  totals_.samples = samples;
  return totals_;
}

}  // namespace hourglass
