#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "cli/command.hpp"
#include "cli/sweep_arguments.hpp"
#include "cli/sweep_halving.hpp"
#include "cli/sweep_trial.hpp"
#include "cli/sweep_winner.hpp"
#include "cli/sweep_workers.hpp"
#include "core/number_text.hpp"
#include "hourglass/core/error.hpp"
#include "run/sweep_summary.hpp"
#include "run/sweep_table.hpp"
#include "system/child_process.hpp"
#include "system/file_lock.hpp"
#include "system/stop_signal.hpp"

namespace hourglass {
namespace {

// The lock on the table is only held briefly.
constexpr double forever = std::numeric_limits<double>::infinity();

// The table and, of a search by halving, what it has decided.
struct Results {
  std::vector<TrialRow> rows;
  std::optional<SweepSummary> summary;
};

// The last task to end finds the results of all the others, since one at a time reads and writes.
Results tabulate(const Sweep& sweep) {
  const FileLock lock(sweep.output + "/.sweep.lock", forever);
  Results results;
  results.rows = read_rows(sweep.plan, sweep.output, sweep.sort);
  write_rows(sweep.plan, results.rows, sweep.output);
  if (!sweep.plan.halving) return results;
  results.summary = summarize(sweep.plan, results.rows, sweep.output);
  write_summary(sweep.plan, *results.summary, sweep.output);
  return results;
}

// The trials of a grid that remain after a pass over them.
struct GridPass {
  std::vector<Index> busy;       // run by other processes
  std::optional<Index> stopped;  // a trial during which this process was asked to stop
};

GridPass run_pass(const Sweep& sweep, const std::vector<Index>& trials) {
  GridPass pass;
  std::mutex mutex;
  std::size_t next = 0;
  run_workers(sweep.jobs, [&](const std::stop_token& token) {
    while (!token.stop_requested()) {
      std::unique_lock lock(mutex);
      if (pass.stopped || next == trials.size()) return;
      const Index trial = trials[next++];
      lock.unlock();
      const TrialStep step =
          StopSignal::received() == 0 ? run_trial(sweep, trial) : TrialStep::asked_to_stop;
      lock.lock();
      if (step == TrialStep::busy) pass.busy.push_back(trial);
      if (step == TrialStep::asked_to_stop)
        pass.stopped = std::min(trial, pass.stopped.value_or(trial));
    }
  });
  std::ranges::sort(pass.busy);
  return pass;
}

[[noreturn]] void stop(const Sweep& sweep, std::optional<Index> trial) {
  tabulate(sweep);
  throw Error(ErrorKind::stopped,
              fmt::format("stopped{}; the same command continues it",
                          trial ? fmt::format(" at trial {:04}", *trial + 1) : ""));
}

// Runs all trials of this task. Those that other processes are running come last, because such a
// process may have been killed. Returns the trials that were this task's.
std::set<Index> run_grid(const Sweep& sweep) {
  const StopSignal signals;
  std::vector<Index> trials;
  for (Index trial = sweep.task; trial < sweep.plan.trials(); trial += sweep.tasks)
    trials.push_back(trial);
  std::set<Index> mine(trials.begin(), trials.end());
  for (bool first = true; !trials.empty(); first = false) {
    GridPass pass = run_pass(sweep, trials);
    if (pass.stopped) stop(sweep, pass.stopped);
    if (first) print_waiting(pass.busy);
    trials = std::move(pass.busy);
    if (!trials.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  return mine;
}

void print_results(const Sweep& sweep, const Results& results) {
  fmt::print("\n{}", format_rows(sweep.plan, results.rows));
  if (results.summary) fmt::print("\n{}", format_summary(*results.summary));
  fmt::print("\nresults {}/results.csv and results.json\n", sweep.output);
  std::fflush(stdout);
}

void print_winner(const Sweep& sweep, const TrialRow& winner) {
  fmt::print("winner trial {:04}: {}; validation sse {}\nmodel {}/model.h5\n", winner.trial + 1,
             settings_text(sweep.plan, winner.trial),
             winner.validation_sse ? decimal_text(*winner.validation_sse, 4) : "-",
             trial_files(sweep.output, winner.trial).folder);
  std::fflush(stdout);
}

// Names the best trial of a search that is over, and trains it on all samples where that is wanted.
void conclude(const Sweep& sweep) {
  const auto winner = winner_of(sweep.plan, sweep.output);
  if (!winner) return;
  print_winner(sweep, *winner);
  if (!sweep.retrain_winner) return;
  const std::string model = retrain_winner(sweep, *winner);
  fmt::print("{}\n", model.empty() ? "the winner is being trained by another process"
                                   : "model trained on all samples " + model);
  std::fflush(stdout);
}

[[nodiscard]] bool all_ended(const std::vector<TrialRow>& rows) {
  return std::ranges::all_of(rows, [](const TrialRow& row) { return row.outcome.is_final(); });
}

void run_sweep(const Arguments& arguments) {
  refuse_launcher("sweep");
  const Sweep sweep = read_sweep(arguments);
  if (arguments.flag("report")) {
    const Results results = tabulate(sweep);
    print_results(sweep, results);
    if (results.summary && results.summary->finished) conclude(sweep);
    return;
  }
  const std::string first = validation_error(sweep.plan, 0, sweep.output);
  for (Index trial = 0; !first.empty(); ++trial) {
    if (trial == sweep.plan.trials())
      throw Error(ErrorKind::usage, fmt::format("no trial is valid: {}", first));
    if (validation_error(sweep.plan, trial, sweep.output).empty()) break;
  }
  claim_folder(sweep);
  std::set<Index> mine;
  if (sweep.plan.halving) {
    HalvingEnd end = run_halving(sweep);
    if (end.stopped) stop(sweep, *end.stopped < 0 ? std::nullopt : end.stopped);
    mine = std::move(end.failed);
  } else {
    mine = run_grid(sweep);
  }
  const Results results = tabulate(sweep);
  print_results(sweep, results);
  for (const TrialRow& row : results.rows) {
    if (!mine.contains(row.trial) || row.outcome.status != "failed") continue;
    throw Error(
        kind_of_failure(row.outcome.code),
        fmt::format("trial {:04} failed with exit code {} (see {}); the same command retries it",
                    row.trial + 1, row.outcome.code, trial_files(sweep.output, row.trial).log));
  }
  // Of a grid that is shared by tasks, the last one to end sees all results.
  const bool over =
      results.summary ? results.summary->finished : sweep.retrain_winner && all_ended(results.rows);
  if (over) conclude(sweep);
}

}  // namespace

Command sweep_command() {
  Command command;
  command.name = "sweep";
  command.summary = "Train with all or random combinations of settings and tabulate the results";
  command.usage =
      "hourglass sweep --set learning-rate=1e-3,3e-3 --set batch=256,512 --output sweep/ [OPTIONS] "
      "-- TRAIN OPTIONS\n"
      "       hourglass sweep --random 20 --range learning-rate=log:1e-4:1e-2 --output sweep/ "
      "[OPTIONS] -- TRAIN OPTIONS\n"
      "       hourglass sweep --halving 3 --set learning-rate=1e-4,1e-3,1e-2 --output sweep/ "
      "[OPTIONS] -- TRAIN OPTIONS\n"
      "       hourglass sweep --report --output sweep/";
  command.details =
      "The options after -- are passed to each trial, `hourglass train` with --output "
      "sweep/trial-0001 etc. `config` can be varied too: a\nfile of settings per trial. The same "
      "command continues an interrupted sweep; diverged and refused trials are rows of the "
      "table.\nSeveral processes can share a sweep: with --tasks N, task I runs every N-th trial "
      "(in a Slurm array: --task $SLURM_ARRAY_TASK_ID).\n";
  command.options = sweep_options();
  command.max_positional = 100000;
  command.uses_mpi = false;
  command.run = run_sweep;
  return command;
}

}  // namespace hourglass
