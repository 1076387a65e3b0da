#include "run/successive_halving.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <span>
#include <utility>

namespace hourglass {

namespace {

Index completed_rungs(const Contender& contender) {
  return static_cast<Index>(contender.errors.size());
}

// A trial is lost on its way to a rung, and so has begun one more than it has completed.
Index begun_rungs(const Contender& contender) {
  return std::max(contender.begun, completed_rungs(contender) + (contender.lost ? 1 : 0));
}

// The trials of one rung.
struct RungState {
  std::vector<Index> ranked;      // ended with a finite error, the best first
  std::vector<Index> unfinished;  // begun and not ended
  std::vector<Index> waiting;     // not begun; of the first rung only
  Index ended = 0;

  [[nodiscard]] bool complete() const { return unfinished.empty() && waiting.empty(); }
};

RungState state_of(Index rung, const std::vector<Contender>& contenders) {
  RungState state;
  const auto place = static_cast<std::size_t>(rung);
  for (std::size_t t = 0; t < contenders.size(); ++t) {
    const Contender& contender = contenders[t];
    const auto trial = static_cast<Index>(t);
    if (contender.refused) continue;
    const bool begun = begun_rungs(contender) > rung;
    if (!begun && rung > 0) continue;
    if (completed_rungs(contender) > rung) {
      ++state.ended;
      if (std::isfinite(contender.errors[place])) state.ranked.push_back(trial);
    } else if (contender.lost) {
      ++state.ended;
    } else {
      (begun ? state.unfinished : state.waiting).push_back(trial);
    }
  }
  std::ranges::stable_sort(state.ranked, {}, [&](Index trial) {
    return contenders[static_cast<std::size_t>(trial)].errors[place];
  });
  return state;
}

// How many of a rung may go on. `closed`: no further trial can come to it.
Index quota(const HalvingSettings& settings, const RungState& state, bool closed) {
  if (closed) return std::max<Index>(1, state.ended / settings.eta);
  return settings.rule == HalvingRule::asynchronous ? state.ended / settings.eta : 0;
}

}  // namespace

std::string_view name_of(HalvingRule rule) {
  return rule == HalvingRule::synchronous ? "synchronous" : "asynchronous";
}

std::vector<Index> halving_rungs(Index eta, Index epochs, Index smallest, Index trials) {
  std::vector<Index> rungs = {epochs};
  Index divisor = 1;
  for (Index left = trials / eta;; left /= eta) {
    const bool enough = smallest == 0 && left < 1;
    if (enough || divisor > epochs / eta) break;
    divisor *= eta;
    const Index budget = (epochs + divisor - 1) / divisor;
    if (budget < std::max<Index>(smallest, 1) || budget >= rungs.front()) break;
    rungs.insert(rungs.begin(), budget);
  }
  return rungs;
}

std::vector<HalvingJob> halving_jobs(const HalvingSettings& settings,
                                     const std::vector<Contender>& contenders) {
  std::vector<HalvingJob> unfinished;
  std::vector<HalvingJob> promotions;
  std::vector<HalvingJob> waiting;
  bool closed = true;
  const auto rungs = static_cast<Index>(settings.rungs.size());
  for (Index rung = 0; rung < rungs; ++rung) {
    const RungState state = state_of(rung, contenders);
    closed = closed && state.complete();
    for (const Index trial : state.unfinished) unfinished.push_back({trial, rung});
    for (const Index trial : state.waiting) waiting.push_back({trial, rung});
    if (rung + 1 == rungs) break;
    const Index best =
        std::min(quota(settings, state, closed), static_cast<Index>(state.ranked.size()));
    std::vector<HalvingJob> promoted;
    for (const Index trial : std::span(state.ranked).first(static_cast<std::size_t>(best))) {
      if (begun_rungs(contenders[static_cast<std::size_t>(trial)]) == rung + 1)
        promoted.push_back({trial, rung + 1});
    }
    closed = closed && promoted.empty();
    promotions.insert(promotions.begin(), promoted.begin(), promoted.end());
  }
  std::ranges::stable_sort(unfinished, std::ranges::greater(), &HalvingJob::rung);
  std::vector<HalvingJob> jobs = std::move(unfinished);
  jobs.insert(jobs.end(), waiting.begin(), waiting.end());
  jobs.insert(jobs.end(), promotions.begin(), promotions.end());
  return jobs;
}

}  // namespace hourglass
