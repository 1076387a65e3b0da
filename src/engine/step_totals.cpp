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

StepSummation::StepSummation(Index posterior_units, Index counted_units)
    : words_(all_words + static_cast<std::size_t>(posterior_units) +
             UnitUse::word_count(counted_units)) {
  totals_.unit_divergences = UnitDivergences(posterior_units);
  totals_.unit_use = UnitUse(counted_units);
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
  const std::size_t use_begin = all_words + divergences.size();
  require(use_begin + UnitUse::word_count(sums.unit_use.units()) == words_.size(),
          "sums of another model");
  std::ranges::copy(divergences, words_.begin() + all_words);
  sums.unit_use.pack(std::span(words_).subspan(use_begin));
  return communicator.iallreduce_sum(words_);
}

const StepTotals& StepSummation::finish(const StepSums& sums, Index samples) {
  auto word = words_.begin();
  for (ExactSum* sum : {&totals_.loss, &totals_.squared_error, &totals_.penalty}) {
    std::copy_n(word, exact_words, sum->words().begin());
    word += exact_words;
  }
  for (std::size_t f = 0; f < totals_.flags.size(); ++f) totals_.flags[f] = words_[flag_words + f];
  const auto divergences = totals_.unit_divergences.words();
  std::copy_n(words_.begin() + all_words, divergences.size(), divergences.begin());
  totals_.unit_use.unpack(std::span(words_).subspan(all_words + divergences.size()));
  totals_.root_failures = words_[root_failure_word];
  totals_.failed = words_[failure_word] > 0;
  totals_.failure = sums.failure;
  totals_.samples = samples;
  return totals_;
}

}  // namespace hourglass
