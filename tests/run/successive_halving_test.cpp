#include "run/successive_halving.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <random>
#include <set>

namespace hourglass {
namespace {

using Rungs = std::vector<Index>;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// What the trials of a search would give: the error of each at each rung. NaN: it diverges on the
// way there.
struct Problem {
  HalvingSettings settings;
  std::vector<std::vector<double>> errors;
  std::set<Index> refused;

  [[nodiscard]] Index rungs() const { return static_cast<Index>(settings.rungs.size()); }
  [[nodiscard]] double error(Index trial, Index rung) const {
    return errors[static_cast<std::size_t>(trial)][static_cast<std::size_t>(rung)];
  }
};

// Errors with many ties, some NaN, some trials refused.
Problem random_problem(HalvingRule rule, Index eta, std::mt19937& random) {
  Problem problem;
  problem.settings.rule = rule;
  problem.settings.eta = eta;
  const auto rungs = static_cast<std::size_t>(2 + random() % 3);
  for (std::size_t k = 0; k < rungs; ++k) problem.settings.rungs.push_back(static_cast<Index>(k));
  const auto trials = static_cast<Index>(1 + random() % 30);
  for (Index t = 0; t < trials; ++t) {
    std::vector<double>& errors = problem.errors.emplace_back();
    for (std::size_t k = 0; k < rungs; ++k)
      errors.push_back(random() % 9 == 0 ? nan : static_cast<double>(random() % 12));
    if (random() % 10 == 0) problem.refused.insert(t);
  }
  return problem;
}

std::vector<Contender> fresh(const Problem& problem) {
  std::vector<Contender> contenders(problem.errors.size());
  for (const Index t : problem.refused) contenders[static_cast<std::size_t>(t)].refused = true;
  return contenders;
}

void begin(const HalvingJob& job, std::vector<Contender>& contenders) {
  Contender& contender = contenders[static_cast<std::size_t>(job.trial)];
  ASSERT_EQ(contender.begun, job.rung) << "begun twice, or not from the rung below";
  contender.begun = job.rung + 1;
}

void end(const Problem& problem, const HalvingJob& job, std::vector<Contender>& contenders) {
  Contender& contender = contenders[static_cast<std::size_t>(job.trial)];
  const double error = problem.error(job.trial, job.rung);
  if (std::isfinite(error)) {
    contender.errors.push_back(error);
  } else {
    contender.lost = true;
  }
}

// The jobs that nobody has begun, as a process that may run them sees them.
std::vector<HalvingJob> free_jobs(const Problem& problem,
                                  const std::vector<Contender>& contenders) {
  std::vector<HalvingJob> jobs = halving_jobs(problem.settings, contenders);
  std::erase_if(jobs, [&](const HalvingJob& job) {
    return contenders[static_cast<std::size_t>(job.trial)].begun > job.rung;
  });
  return jobs;
}

// The rungs of synchronous halving as its definition has them.
std::vector<std::set<Index>> reference_rungs(const Problem& problem) {
  std::vector<std::set<Index>> rungs(1);
  for (Index t = 0; t < static_cast<Index>(problem.errors.size()); ++t) {
    if (!problem.refused.contains(t)) rungs[0].insert(t);
  }
  for (Index k = 0; k + 1 < problem.rungs(); ++k) {
    std::vector<std::pair<double, Index>> order;
    for (const Index t : rungs.back()) {
      if (std::isfinite(problem.error(t, k))) order.emplace_back(problem.error(t, k), t);
    }
    std::ranges::sort(order);
    const Index count =
        std::max<Index>(1, static_cast<Index>(rungs.back().size()) / problem.settings.eta);
    std::set<Index> next;
    for (const auto& [error, t] : order) {
      if (static_cast<Index>(next.size()) < count) next.insert(t);
    }
    rungs.push_back(std::move(next));
  }
  return rungs;
}

// Three workers that take any of the free jobs and end in any order: the rungs are those of the
// definition, whatever happened when.
TEST(SuccessiveHalving, synchronous_rungs_are_those_of_the_definition_in_any_order) {
  std::mt19937 random(1);
  for (int repetition = 0; repetition < 120; ++repetition) {
    const Problem problem = random_problem(HalvingRule::synchronous, 2 + repetition % 3, random);
    const auto expected = reference_rungs(problem);
    std::vector<std::set<Index>> begun(static_cast<std::size_t>(problem.rungs()));
    std::vector<Contender> contenders = fresh(problem);
    std::vector<HalvingJob> running;
    while (true) {
      const auto jobs = free_jobs(problem, contenders);
      if (jobs.empty() && running.empty()) break;
      if (!jobs.empty() && (running.empty() || (running.size() < 3 && random() % 2 == 0))) {
        const HalvingJob job = jobs[random() % jobs.size()];
        begin(job, contenders);
        begun[static_cast<std::size_t>(job.rung)].insert(job.trial);
        running.push_back(job);
      } else {
        const std::size_t which = random() % running.size();
        end(problem, running[which], contenders);
        running.erase(running.begin() + static_cast<std::ptrdiff_t>(which));
      }
    }
    EXPECT_EQ(begun, expected) << "repetition " << repetition;
    EXPECT_TRUE(halving_jobs(problem.settings, contenders).empty());
  }
}

// Algorithm 2 of Li et al. (2020), as it stands there, but that trials which have not begun come
// before promotions, and for a finite number of them.
std::optional<HalvingJob> reference_asha(const Problem& problem,
                                         const std::vector<Contender>& contenders) {
  const Index top = problem.rungs() - 1;
  const auto ended = [&](const Contender& contender, Index k) {
    return static_cast<Index>(contender.errors.size()) > k ||
           (contender.lost && contender.begun == k + 1);
  };
  const auto top_of = [&](Index k, Index count) {
    std::vector<std::pair<double, Index>> order;
    for (std::size_t t = 0; t < contenders.size(); ++t) {
      if (static_cast<Index>(contenders[t].errors.size()) > k)
        order.emplace_back(contenders[t].errors[static_cast<std::size_t>(k)],
                           static_cast<Index>(t));
    }
    std::ranges::sort(order);
    if (static_cast<Index>(order.size()) > count) order.resize(static_cast<std::size_t>(count));
    return order;
  };
  for (std::size_t t = 0; t < contenders.size(); ++t) {
    if (!contenders[t].refused && contenders[t].begun == 0)
      return HalvingJob{static_cast<Index>(t), 0};
  }
  for (Index k = top - 1; k >= 0; --k) {
    const auto count = std::ranges::count_if(
        contenders, [&](const Contender& c) { return !c.refused && ended(c, k); });
    for (const auto& [error, t] : top_of(k, count / problem.settings.eta)) {
      if (contenders[static_cast<std::size_t>(t)].begun == k + 1) return HalvingJob{t, k + 1};
    }
  }
  // No trials are left for the lowest rung. A rung to which nobody is on the way any more, and from
  // which nobody has gone on, sends its best one.
  for (Index k = 0; k < top; ++k) {
    const bool awaited = std::ranges::any_of(contenders, [&](const Contender& c) {
      return !c.refused && c.begun == k + 1 && !ended(c, k);
    });
    if (awaited) break;
    const auto best = top_of(k, 1);
    if (!best.empty() && contenders[static_cast<std::size_t>(best[0].second)].begun == k + 1 &&
        std::ranges::none_of(contenders, [&](const Contender& c) { return c.begun > k + 1; }))
      return HalvingJob{best[0].second, k + 1};
  }
  return std::nullopt;
}

TEST(SuccessiveHalving, asynchronous_jobs_are_those_of_the_published_algorithm) {
  std::mt19937 random(2);
  for (int repetition = 0; repetition < 120; ++repetition) {
    const Problem problem = random_problem(HalvingRule::asynchronous, 2 + repetition % 3, random);
    std::vector<Contender> contenders = fresh(problem);
    std::vector<HalvingJob> running;
    const std::size_t workers = 1 + random() % 4;
    while (true) {
      const auto jobs = free_jobs(problem, contenders);
      const auto expected = reference_asha(problem, contenders);
      ASSERT_EQ(jobs.empty(), !expected.has_value()) << "repetition " << repetition;
      if (expected) {
        ASSERT_EQ(jobs.front(), *expected) << "repetition " << repetition;
      }
      if (expected && running.size() < workers) {
        begin(*expected, contenders);
        running.push_back(*expected);
      } else if (!running.empty()) {
        const std::size_t which = random() % running.size();
        end(problem, running[which], contenders);
        running.erase(running.begin() + static_cast<std::ptrdiff_t>(which));
      } else {
        break;
      }
    }
    const auto reached = std::ranges::count_if(contenders, [&](const Contender& c) {
      return static_cast<Index>(c.errors.size()) == problem.rungs();
    });
    const auto lost = std::ranges::count_if(contenders, &Contender::lost);
    EXPECT_TRUE(reached > 0 || lost > 0 || problem.errors.size() == problem.refused.size());
  }
}

TEST(SuccessiveHalving, a_rung_that_was_begun_comes_first_and_ties_go_to_the_smaller_number) {
  const HalvingSettings settings{HalvingRule::asynchronous, 2, {1, 2, 4}};
  std::vector<Contender> contenders(6);
  contenders[0] = {{3}, 1, false, false};
  contenders[1] = {{2}, 1, false, false};
  contenders[2] = {{2}, 1, false, false};
  contenders[3] = {{1}, 2, false, false};
  contenders[4] = {{}, 1, false, false};
  EXPECT_EQ(halving_jobs(settings, contenders),
            (std::vector<HalvingJob>{{3, 1}, {4, 0}, {5, 0}, {1, 1}}));
}

TEST(SuccessiveHalving, trials_without_a_finite_error_are_never_promoted) {
  for (const HalvingRule rule : {HalvingRule::synchronous, HalvingRule::asynchronous}) {
    const HalvingSettings settings{rule, 2, {1, 2}};
    std::vector<Contender> contenders(4);
    for (Contender& contender : contenders) contender = {{nan}, 1, false, false};
    EXPECT_TRUE(halving_jobs(settings, contenders).empty());
    contenders[2] = {{}, 1, true, false};
    EXPECT_TRUE(halving_jobs(settings, contenders).empty());
    contenders[3].errors = {1e300};
    EXPECT_EQ(halving_jobs(settings, contenders), (std::vector<HalvingJob>{{3, 1}}));
  }
}

TEST(SuccessiveHalving, rungs_end_with_the_whole_training) {
  EXPECT_EQ(halving_rungs(3, 27, 1, 5), (Rungs{1, 3, 9, 27}));
  EXPECT_EQ(halving_rungs(3, 27, 2, 5), (Rungs{3, 9, 27}));
  EXPECT_EQ(halving_rungs(3, 27, 0, 24), (Rungs{3, 9, 27})) << "24 can be divided by 3 twice";
  EXPECT_EQ(halving_rungs(3, 27, 0, 27), (Rungs{1, 3, 9, 27}));
  EXPECT_EQ(halving_rungs(2, 10, 1, 100), (Rungs{2, 3, 5, 10}));
  EXPECT_EQ(halving_rungs(4, 100, 5, 100), (Rungs{7, 25, 100}));
  EXPECT_EQ(halving_rungs(3, 2, 1, 100), Rungs{2});
  EXPECT_EQ(halving_rungs(3, 27, 28, 100), Rungs{27});
  EXPECT_EQ(halving_rungs(3, 27, 0, 2), Rungs{27}) << "too few trials to leave any out";
}

TEST(SuccessiveHalving, rules_have_names) {
  EXPECT_EQ(name_of(HalvingRule::synchronous), "synchronous");
  EXPECT_EQ(name_of(HalvingRule::asynchronous), "asynchronous");
}

}  // namespace
}  // namespace hourglass
