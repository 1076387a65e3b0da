#include "cli/sweep_trial.hpp"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "cli/train_arguments.hpp"
#include "config/settings.hpp"
#include "hourglass/core/error.hpp"
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

std::string validation_error(const SweepPlan& plan, Index trial, const std::string& output) {
  try {
    TrainConfig config = new_run(parse_arguments(train_options(), trial_words(plan, trial), 0));
    config.output = output;
    validate(config);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

namespace {

std::string last_message(const std::string& log) {
  std::ifstream stream(log);
  std::string message;
  const std::string mark = "hourglass: ";
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with(mark)) message = line.substr(mark.size());
  }
  return message;
}

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

std::vector<std::string> trial_command(const Sweep& sweep, Index trial, const std::string& folder) {
  std::vector<std::string> words = sweep.launcher;
  words.insert(words.end(), {own_path(), "train"});
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

// Whether ranks are still writing the trial's run: those that a killed sweep or launcher left
// behind.
bool is_written(const TrialFiles& files) {
  if (!fs::exists(files.folder)) return false;
  try {
    const RunLock probe(files.folder + "/.lock");
  } catch (const Error& error) {
    return error.kind() == ErrorKind::usage;
  }
  return false;
}

}  // namespace

TrialStep run_trial(const Sweep& sweep, Index trial) {
  const TrialFiles files = trial_files(sweep.output, trial);
  const FileLock lock(files.lock);
  if (!lock.held()) return TrialStep::busy;
  const auto before = read_outcome(files);
  if (before && before->is_final() && (before->status != "done" || has_model(files)))
    return TrialStep::ended;
  if (is_written(files)) return TrialStep::busy;
  TrialOutcome outcome;
  ChildExit end;
  const auto begin = std::chrono::steady_clock::now();
  if (const std::string message = validation_error(sweep.plan, trial, files.folder);
      !message.empty()) {
    outcome = outcome_of(static_cast<int>(ErrorKind::usage));
    outcome.message = message;
  } else if (has_model(files)) {
    outcome = outcome_of(0);
  } else {
    const auto values = sweep.plan.values(trial);
    std::string text;
    for (std::size_t a = 0; a < values.size(); ++a)
      text += fmt::format(" {}={}", sweep.plan.axes[a].name, values[a]);
    fmt::print("trial {:04} of {}:{}\n", trial + 1, sweep.plan.trials(), text);
    std::fflush(stdout);
    end = run_child(trial_command(sweep, trial, files.folder), files.log, lock.descriptor());
    outcome = outcome_of(end.code);
    // A launcher that passed the signal on may end with a code of its own.
    if (end.stopped && outcome.status == "failed") outcome.status = "stopped";
    if (outcome.status != "done") outcome.message = last_message(files.log);
    if (outcome.status == "done" && !has_model(files)) {
      outcome.status = "failed";
      outcome.message = "it wrote no model";
    }
  }
  outcome.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() +
      (before ? before->seconds : 0);
  write_outcome(files, outcome);
  if (outcome.status != "done") {
    fmt::print("trial {:04} {} ({}): {}\n", trial + 1, outcome.status, outcome.code,
               outcome.message.empty() ? "see " + files.log : outcome.message);
  }
  return end.stopped || StopSignal::received() != 0 ? TrialStep::asked_to_stop : TrialStep::ended;
}

}  // namespace hourglass
