#include "cli/sweep_trial.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>

#include "cli/train_arguments.hpp"
#include "config/settings.hpp"
#include "hourglass/core/error.hpp"
#include "run/sweep_summary.hpp"
#include "run/sweep_table.hpp"
#include "system/child_process.hpp"
#include "system/file_lock.hpp"
#include "system/run_lock.hpp"
#include "system/stop_signal.hpp"

namespace hourglass {

namespace fs = std::filesystem;

namespace {

// The command line of the trial's settings.
std::vector<std::string> trial_words(const SweepPlan& plan, Index trial) {
  std::vector<std::string> words;
  const auto values = plan.values(trial);
  for (std::size_t a = 0; a < plan.axes.size(); ++a)
    words.push_back("--" + plan.axes[a].name + "=" + values[a]);
  words.insert(words.end(), plan.options.begin(), plan.options.end());
  return words;
}

}  // namespace

TrainConfig trial_config(const SweepPlan& plan, Index trial, const std::string& output) {
  TrainConfig config = new_run(parse_arguments(train_options(), trial_words(plan, trial), 0));
  config.output = output;
  return config;
}

std::string validation_error(const SweepPlan& plan, Index trial, const std::string& output) {
  try {
    validate(trial_config(plan, trial, output));
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

std::string last_message(const std::string& log) {
  std::ifstream stream(log);
  std::string message;
  const std::string mark = "hourglass: ";
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with(mark)) message = line.substr(mark.size());
  }
  return message;
}

bool is_written(const std::string& folder) {
  if (!fs::exists(folder)) return false;
  try {
    const RunLock probe(folder + "/.lock");
  } catch (const Error& error) {
    return error.kind() == ErrorKind::usage;
  }
  return false;
}

namespace {

const char* status_of(int code) {
  if (code == 0) return "done";
  switch (kind_of_failure(code)) {
    case ErrorKind::diverged:
      return "diverged";
    case ErrorKind::usage:
    case ErrorKind::data:
      return "refused";
    case ErrorKind::stopped:
      return "stopped";
    default:
      return "failed";
  }
}

TrialOutcome outcome_of(int code) {
  TrialOutcome outcome;
  outcome.code = code;
  outcome.status = status_of(code);
  return outcome;
}

// `pause`: epochs after which the trial pauses, 0 for none.
std::vector<std::string> trial_command(const Sweep& sweep, Index trial, const std::string& folder,
                                       Index pause) {
  std::vector<std::string> words = sweep.launcher;
  words.insert(words.end(), {own_path(), "train"});
  if (pause > 0) words.push_back(fmt::format("--pause-after={}", pause));
  if (fs::exists(folder + "/config.cfg")) {
    words.insert(words.end(), {"--resume", folder});
    return words;
  }
  // A trial that was killed before it had written anything: its empty folder counts as a run.
  std::error_code ignored;
  fs::remove(folder + "/checkpoints", ignored);
  words.insert(words.end(), {"--output", folder});
  const auto settings = trial_words(sweep.plan, trial);
  words.insert(words.end(), settings.begin(), settings.end());
  return words;
}

bool has_model(const TrialFiles& files) { return fs::exists(files.folder + "/model.h5"); }

// Adds the errors at the rungs up to `rung` that the run has come to. Whether that is all of them.
bool add_rungs(const HalvingSettings& halving, Index rung, const std::string& folder,
               TrialOutcome& outcome) {
  while (static_cast<Index>(outcome.rungs.size()) <= rung) {
    const Index epochs = halving.rungs[outcome.rungs.size()];
    const auto error = error_at_rung(folder, epochs);
    if (!error) return false;
    outcome.rungs.push_back({epochs, *error});
  }
  return true;
}

// One start of a trial, whose lock is held: to its end, or to a rung of successive halving.
class TrialStart {
 public:
  TrialStart(const Sweep& sweep, Index trial, const FileLock& lock)
      : sweep_(sweep),
        trial_(trial),
        files_(trial_files(sweep.output, trial)),
        lock_(lock),
        before_(read_outcome(files_)) {}

  void set_rung(Index rung) { rung_ = rung; }
  TrialStep run();

 private:
  [[nodiscard]] bool ended_before() const;
  [[nodiscard]] TrialOutcome train();
  void judge(TrialOutcome& outcome) const;
  void print_start(Index pause) const;

  const Sweep& sweep_;
  Index trial_;
  TrialFiles files_;
  const FileLock& lock_;
  std::optional<TrialOutcome> before_;
  std::optional<Index> rung_;
  bool stopped_ = false;
};

bool TrialStart::ended_before() const {
  if (!before_) return false;
  const bool completed = !rung_ || static_cast<Index>(before_->rungs.size()) > *rung_;
  if (before_->status == "done") return has_model(files_) && completed;
  // Another process may have completed the rung since this one read what there is to do.
  return before_->is_final() || (rung_ && completed);
}

void TrialStart::print_start(Index pause) const {
  const std::string budget = pause > 0 ? fmt::format(", to epoch {}", pause) : "";
  fmt::print("trial {:04} of {}{}: {}\n", trial_ + 1, sweep_.plan.trials(), budget,
             settings_text(sweep_.plan, trial_));
  std::fflush(stdout);
}

TrialOutcome TrialStart::train() {
  const Index goal = rung_ ? sweep_.plan.halving->rungs[static_cast<std::size_t>(*rung_)] : 0;
  const Index pause = rung_ && goal < sweep_.plan.halving->rungs.back() ? goal : 0;
  print_start(pause);
  const ChildExit end = run_child(trial_command(sweep_, trial_, files_.folder, pause), files_.log,
                                  lock_.descriptor());
  stopped_ = end.stopped;
  TrialOutcome outcome = outcome_of(end.code);
  // A launcher that passed the signal on may end with a code of its own.
  if (end.stopped && outcome.status == "failed") outcome.status = "stopped";
  if (outcome.status != "done") outcome.message = last_message(files_.log);
  return outcome;
}

// The outcome of a start that ended without an error.
void TrialStart::judge(TrialOutcome& outcome) const {
  const bool completed = !rung_ || add_rungs(*sweep_.plan.halving, *rung_, files_.folder, outcome);
  if (completed && rung_) outcome.goal = 0;
  if (has_model(files_)) return;
  const bool pauses = rung_ && *rung_ + 1 < static_cast<Index>(sweep_.plan.halving->rungs.size());
  outcome.status = completed && pauses ? "paused" : "failed";
  if (outcome.status == "failed") outcome.message = "it wrote no model";
}

TrialStep TrialStart::run() {
  if (ended_before()) return TrialStep::ended;
  if (is_written(files_.folder)) return TrialStep::busy;
  TrialOutcome outcome;
  const auto begin = std::chrono::steady_clock::now();
  if (const std::string message = validation_error(sweep_.plan, trial_, files_.folder);
      !message.empty()) {
    outcome = outcome_of(static_cast<int>(ErrorKind::usage));
    outcome.message = message;
  } else {
    outcome = has_model(files_) ? outcome_of(0) : train();
  }
  outcome.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() +
      (before_ ? before_->seconds : 0);
  if (before_) {
    outcome.rungs = before_->rungs;
    outcome.goal = before_->goal;
  }
  if (outcome.status == "done") judge(outcome);
  write_outcome(files_, outcome);
  if (outcome.status != "done" && outcome.status != "paused") {
    fmt::print("trial {:04} {} ({}): {}\n", trial_ + 1, outcome.status, outcome.code,
               outcome.message.empty() ? "see " + files_.log : outcome.message);
  }
  return stopped_ || StopSignal::received() != 0 ? TrialStep::asked_to_stop : TrialStep::ended;
}

}  // namespace

TrialStep run_trial(const Sweep& sweep, Index trial) {
  const FileLock lock(trial_files(sweep.output, trial).lock);
  if (!lock.held()) return TrialStep::busy;
  return TrialStart(sweep, trial, lock).run();
}

TrialStep run_trial_to_rung(const Sweep& sweep, const HalvingJob& job, const FileLock& lock) {
  TrialStart start(sweep, job.trial, lock);
  start.set_rung(job.rung);
  return start.run();
}

}  // namespace hourglass
