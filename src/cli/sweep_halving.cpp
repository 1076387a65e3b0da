#include "cli/sweep_halving.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "cli/sweep_workers.hpp"
#include "run/sweep_summary.hpp"
#include "run/sweep_table.hpp"
#include "system/stop_signal.hpp"

namespace hourglass {

namespace {

// The lock on the folder is only held briefly.
constexpr double forever = std::numeric_limits<double>::infinity();

constexpr auto shortest_wait = std::chrono::milliseconds(100);
constexpr auto longest_wait = std::chrono::milliseconds(1000);

// A trial that this process may run, and the lock that says so.
struct Claim {
  HalvingJob job;
  std::unique_ptr<FileLock> lock;
};

// The next task.
struct Offer {
  std::optional<Claim> claim;
  std::vector<Index> elsewhere;  // without a claim: the trials that others run
};

// The jobs of a search, handed out to the threads of this process.
class HalvingQueue {
 public:
  explicit HalvingQueue(const Sweep& sweep) : sweep_(sweep) {}

  [[nodiscard]] Offer next();
  // The end of a claim: the trial failed, and is not tried again here.
  void give_back(const Claim& claim);
  // Whether no thread of this process is training.
  [[nodiscard]] bool idle() const {
    const std::scoped_lock lock(mutex_);
    return running_.empty();
  }
  [[nodiscard]] const std::set<Index>& failed() const { return failed_; }

 private:
  [[nodiscard]] std::optional<Claim> claim(const HalvingJob& job);

  const Sweep& sweep_;
  mutable std::mutex mutex_;
  std::set<Index> running_;
  std::set<Index> failed_;
};

// Nothing if another process runs the trial.
std::optional<Claim> HalvingQueue::claim(const HalvingJob& job) {
  const TrialFiles files = trial_files(sweep_.output, job.trial);
  auto lock = std::make_unique<FileLock>(files.lock);
  if (!lock->held()) return std::nullopt;
  // If its process has just completed the rung, run_trial_to_rung finds that.
  TrialOutcome outcome = read_outcome(files).value_or(TrialOutcome{});
  if (static_cast<Index>(outcome.rungs.size()) <= job.rung) {
    if (!outcome.is_final()) outcome.status = "running";
    outcome.goal = sweep_.plan.halving->rungs[static_cast<std::size_t>(job.rung)];
    write_outcome(files, outcome);
  }
  return Claim{job, std::move(lock)};
}

Offer HalvingQueue::next() {
  const std::scoped_lock guard(mutex_);
  const FileLock lock(sweep_.output + "/.sweep.lock", forever);
  Offer offer;
  for (const HalvingJob& job :
       halving_jobs(*sweep_.plan.halving, contenders_of(sweep_.plan, sweep_.output))) {
    if (failed_.contains(job.trial)) continue;
    if (!running_.contains(job.trial)) {
      offer.claim = claim(job);
      if (offer.claim) {
        running_.insert(job.trial);
        offer.elsewhere.clear();
        return offer;
      }
    }
    offer.elsewhere.push_back(job.trial);
  }
  return offer;
}

void HalvingQueue::give_back(const Claim& claim) {
  const auto outcome = read_outcome(trial_files(sweep_.output, claim.job.trial));
  const std::scoped_lock guard(mutex_);
  running_.erase(claim.job.trial);
  if (outcome && outcome->status == "failed") failed_.insert(claim.job.trial);
}

// State shared by the threads of this process.
class HalvingRun {
 public:
  explicit HalvingRun(const Sweep& sweep) : sweep_(sweep), queue_(sweep) {}

  void work(const std::stop_token& token);
  [[nodiscard]] HalvingEnd end() const { return {queue_.failed(), stopped_}; }

 private:
  // Trains what was claimed. Whether to go on.
  [[nodiscard]] bool train(Claim claim);
  [[nodiscard]] bool waits_for(const std::vector<Index>& elsewhere);
  void stop_at(Index trial);

  const Sweep& sweep_;
  HalvingQueue queue_;
  std::mutex mutex_;
  std::optional<Index> stopped_;
  bool waiting_said_ = false;
};

void HalvingRun::stop_at(Index trial) {
  const std::scoped_lock lock(mutex_);
  stopped_ = std::max(stopped_.value_or(-1), trial);
}

bool HalvingRun::train(Claim claim) {
  const TrialStep step = run_trial_to_rung(sweep_, claim.job, *claim.lock);
  queue_.give_back(claim);
  if (step == TrialStep::asked_to_stop) stop_at(claim.job.trial);
  // The ranks of a killed process still write: its trial is tried again when they have ended.
  if (step == TrialStep::busy) std::this_thread::sleep_for(shortest_wait);
  return step != TrialStep::asked_to_stop;
}

bool HalvingRun::waits_for(const std::vector<Index>& elsewhere) {
  if (!queue_.idle()) return true;
  const std::scoped_lock lock(mutex_);
  if (sweep_.tasks > 1 && sweep_.plan.halving->rule == HalvingRule::asynchronous) return false;
  if (!std::exchange(waiting_said_, true)) print_waiting(elsewhere);
  return true;
}

void HalvingRun::work(const std::stop_token& token) {
  auto wait = shortest_wait;
  while (!token.stop_requested()) {
    if (StopSignal::received() != 0) return stop_at(-1);
    Offer offer = queue_.next();
    if (offer.claim) {
      if (!train(std::move(*offer.claim))) return;
      wait = shortest_wait;
      continue;
    }
    if (offer.elsewhere.empty() || !waits_for(offer.elsewhere)) return;
    std::this_thread::sleep_for(wait);
    wait = std::min(2 * wait, longest_wait);
  }
}

}  // namespace

HalvingEnd run_halving(const Sweep& sweep) {
  const StopSignal stop;
  HalvingRun run(sweep);
  run_workers(sweep.jobs, [&](const std::stop_token& token) { run.work(token); });
  return run.end();
}

}  // namespace hourglass
