#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "cli/command.hpp"
#include "cli/sweep_trial.hpp"
#include "cli/train_arguments.hpp"
#include "config/settings.hpp"
#include "core/edit_distance.hpp"
#include "core/text_list.hpp"
#include "hourglass/core/error.hpp"
#include "run/sweep_table.hpp"
#include "system/atomic_file.hpp"
#include "system/byte_file.hpp"
#include "system/child_process.hpp"
#include "system/file_lock.hpp"
#include "system/stop_signal.hpp"

namespace hourglass {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// An axis of this name varies the configuration file instead of one setting.
constexpr const char* config_axis = "config";

// The lock on the table is only held briefly.
constexpr double forever = std::numeric_limits<double>::infinity();

std::vector<std::string> read_launcher(const Arguments& arguments) {
  if (arguments.has("launcher") && arguments.has("ranks")) {
    throw Error(
        ErrorKind::usage,
        "--ranks and --launcher contradict each other: name the number of ranks in --launcher");
  }
  if (arguments.has("launcher")) return split_words(arguments.get("launcher"));
  if (arguments.has("ranks"))
    return {"mpirun", "-n", std::to_string(arguments.integer("ranks", 1, 1))};
  return {};
}

std::vector<std::string> list_of(const Arguments& arguments, const std::string& name) {
  const auto found = arguments.lists.find(name);
  return found == arguments.lists.end() ? std::vector<std::string>{} : found->second;
}

SweepPlan read_plan(const Arguments& arguments) {
  SweepPlan plan;
  for (const std::string& text : list_of(arguments, "set"))
    plan.axes.push_back(SweepAxis::from_values(text));
  for (const std::string& text : list_of(arguments, "range"))
    plan.axes.push_back(SweepAxis::from_range(text));
  plan.random = arguments.integer("random", 0, 1);
  plan.seed = static_cast<std::uint64_t>(arguments.integer("seed", 1, 0));
  plan.options = arguments.positional;
  return plan;
}

// The identity of a sweep, as text. The number of random trials is not part of it, so it may grow.
std::string describe(const SweepPlan& plan) {
  Json json;
  json["search"] = plan.random > 0 ? "random" : "grid";
  json["seed"] = plan.seed;
  json["set"] = Json::array();
  json["range"] = Json::array();
  for (const SweepAxis& axis : plan.axes)
    json[axis.kind == SweepAxis::Kind::values ? "set" : "range"].push_back(axis.text);
  json["train"] = plan.options;
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

[[noreturn]] void refuse_damaged(const std::string& path) {
  throw Error(
      ErrorKind::data,
      fmt::format(
          "{} is damaged: delete it and repeat the command with all options; trials are kept",
          path));
}

SweepPlan stored_plan(const std::string& output) {
  const std::string path = output + "/sweep.json";
  std::ifstream stream(path);
  if (!stream)
    throw Error(ErrorKind::io, fmt::format("{} holds no sweep: sweep.json is missing", output));
  try {
    const Json json = Json::parse(stream);
    SweepPlan plan;
    for (const auto& text : json.at("set"))
      plan.axes.push_back(SweepAxis::from_values(text.get<std::string>()));
    for (const auto& text : json.at("range"))
      plan.axes.push_back(SweepAxis::from_range(text.get<std::string>()));
    plan.seed = json.at("seed").get<std::uint64_t>();
    plan.options = json.at("train").get<std::vector<std::string>>();
    if (json.at("search") == "random") {
      while (fs::exists(trial_files(output, plan.random).outcome) ||
             fs::exists(trial_files(output, plan.random).folder))
        ++plan.random;
      plan.random = std::max<Index>(plan.random, 1);
    }
    return plan;
  } catch (const Json::exception&) {
    refuse_damaged(path);
  }
}

void check_names(const SweepPlan& plan) {
  std::vector<std::string> names = {config_axis};
  for (const Setting& setting : train_settings()) names.push_back(setting.name);
  for (const SweepAxis& axis : plan.axes) {
    if (std::ranges::find(names, axis.name) == names.end()) {
      throw Error(ErrorKind::usage, fmt::format("cannot vary the unknown setting '{}'{}", axis.name,
                                                suggestion(axis.name, names)));
    }
  }
  Arguments given = parse_arguments(train_options(), plan.options, 0);
  for (const char* name : {"output", "resume", "print-config"}) {
    if (given.has(name))
      throw Error(
          ErrorKind::usage,
          fmt::format(
              "--{} is not supported for trials, whose folders are inside the sweep's --output",
              name));
  }
  for (const SweepAxis& axis : plan.axes) {
    if (axis.name == "output")
      throw Error(ErrorKind::usage, "output cannot be varied: each trial has its own folder");
    if (given.has(axis.name))
      throw Error(ErrorKind::usage,
                  fmt::format("{} is varied and also set by --{} after --: leave one of them out",
                              axis.name, axis.name));
  }
}

Sweep read_sweep(const Arguments& arguments) {
  Sweep sweep;
  sweep.output = fs::path(arguments.required("output")).string();
  while (sweep.output.size() > 1 && sweep.output.back() == '/') sweep.output.pop_back();
  sweep.sort = arguments.get("sort", sort_columns().front());
  if (std::ranges::find(sort_columns(), sweep.sort) == sort_columns().end()) {
    throw Error(ErrorKind::usage, fmt::format("--sort is '{}', but one of {} is expected",
                                              sweep.sort, fmt::join(sort_columns(), ", ")));
  }
  if (arguments.flag("report")) {
    sweep.plan = stored_plan(sweep.output);
    return sweep;
  }
  sweep.plan = read_plan(arguments);
  check_plan(sweep.plan);
  check_names(sweep.plan);
  sweep.launcher = read_launcher(arguments);
  sweep.tasks = arguments.integer("tasks", 1, 1);
  sweep.task = arguments.integer("task", 0, 0);
  if (arguments.has("task") != arguments.has("tasks"))
    throw Error(ErrorKind::usage,
                "--task and --tasks must be given together, e.g. --task 0 --tasks 4");
  if (sweep.task >= sweep.tasks) {
    throw Error(ErrorKind::usage,
                fmt::format("--task {} of --tasks {}: tasks are numbered from 0 to {}", sweep.task,
                            sweep.tasks, sweep.tasks - 1));
  }
  return sweep;
}

void claim_folder(const Sweep& sweep) {
  if (fs::exists(sweep.output + "/config.cfg")) {
    throw Error(
        ErrorKind::usage,
        fmt::format("{} holds a single run, not a sweep: choose another --output", sweep.output));
  }
  std::error_code error;
  fs::create_directories(sweep.output, error);
  if (error)
    throw Error(ErrorKind::io, fmt::format("cannot create {}: {}", sweep.output, error.message()));
  const FileLock lock(sweep.output + "/.sweep.lock", forever);
  const std::string path = sweep.output + "/sweep.json";
  const std::string wanted = describe(sweep.plan);
  if (!fs::exists(path)) {
    write_text_atomically(path, wanted);
  } else if (const std::string found = read_text(path); found != wanted) {
    if (!Json::accept(found)) refuse_damaged(path);
    throw Error(ErrorKind::usage, fmt::format("{} holds another sweep (see {}): repeat its options "
                                              "to continue it, or choose another --output",
                                              sweep.output, path));
  }
}

// The last task to end finds the results of all the others, since one at a time reads and writes.
std::vector<TrialRow> tabulate(const Sweep& sweep) {
  const FileLock lock(sweep.output + "/.sweep.lock", forever);
  auto rows = read_rows(sweep.plan, sweep.output, sweep.sort);
  write_rows(sweep.plan, rows, sweep.output);
  return rows;
}

// Runs all trials of this task. Those that other processes are running come last, because such a
// process may have been killed.
void run_trials(const Sweep& sweep) {
  const StopSignal stop;
  std::vector<Index> trials;
  for (Index trial = sweep.task; trial < sweep.plan.trials(); trial += sweep.tasks)
    trials.push_back(trial);
  for (bool first = true; !trials.empty(); first = false) {
    std::vector<Index> busy;
    for (const Index trial : trials) {
      const TrialStep step =
          StopSignal::received() == 0 ? run_trial(sweep, trial) : TrialStep::asked_to_stop;
      if (step == TrialStep::busy) busy.push_back(trial);
      if (step != TrialStep::asked_to_stop) continue;
      tabulate(sweep);
      throw Error(ErrorKind::stopped,
                  fmt::format("stopped at trial {:04}; the same command continues it", trial + 1));
    }
    if (first && !busy.empty()) {
      std::vector<Index> numbers = busy;
      for (Index& number : numbers) ++number;
      fmt::print("waiting for trial{} {:04}, run by another process\n",
                 numbers.size() == 1 ? "" : "s", fmt::join(numbers, ", "));
      std::fflush(stdout);
    }
    trials = std::move(busy);
    if (!trials.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

void print_table(const Sweep& sweep, const std::vector<TrialRow>& rows) {
  fmt::print("\n{}\nresults {}/results.csv and results.json\n", format_rows(sweep.plan, rows),
             sweep.output);
  std::fflush(stdout);
}

void run_sweep(const Arguments& arguments) {
  refuse_launcher("sweep");
  const Sweep sweep = read_sweep(arguments);
  if (arguments.flag("report")) return print_table(sweep, tabulate(sweep));
  const std::string first = validation_error(sweep.plan, 0, sweep.output);
  for (Index trial = 0; !first.empty(); ++trial) {
    if (trial == sweep.plan.trials())
      throw Error(ErrorKind::usage, fmt::format("no trial is valid: {}", first));
    if (validation_error(sweep.plan, trial, sweep.output).empty()) break;
  }
  claim_folder(sweep);
  run_trials(sweep);
  const auto rows = tabulate(sweep);
  print_table(sweep, rows);
  for (const TrialRow& row : rows) {
    const bool mine = row.trial % sweep.tasks == sweep.task;
    if (!mine || row.outcome.status != "failed") continue;
    throw Error(
        kind_of_failure(row.outcome.code),
        fmt::format("trial {:04} failed with exit code {} (see {}); the same command retries it",
                    row.trial + 1, row.outcome.code, trial_files(sweep.output, row.trial).log));
  }
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
      "       hourglass sweep --report --output sweep/";
  command.details =
      "The options after -- are passed to each trial, `hourglass train` with --output "
      "sweep/trial-0001 etc. `config` can be varied too: a\nfile of settings per trial. The same "
      "command continues an interrupted sweep; diverged and refused trials are rows of the "
      "table.\nSeveral processes can share a sweep: with --tasks N, task I runs every N-th trial "
      "(in a Slurm array: --task $SLURM_ARRAY_TASK_ID).\n";
  command.options = {
      {"set", "search",
       "NAME=a,b,c: values of a setting (NAME='a b c' if values contain commas); can be repeated",
       "", false, true},
      {"range", "search",
       "NAME=log:LOW:HIGH, linear:... or integer:..., with --random; can be repeated", "", false,
       true},
      {"random", "search", "Number of random trials instead of the full grid", "", false},
      {"seed", "search", "Seed of the random search (the trials' --seed is given after --)", "1",
       false},
      {"ranks", "run", "Ranks per trial, started by mpirun", "no mpirun", false},
      {"launcher", "run",
       "Launcher of each trial, e.g. 'mpirun --oversubscribe -n 4'; split at blanks, without a "
       "shell",
       "", false},
      {"task", "run", "Run only the trials of this task, 0 to tasks - 1", "", false},
      {"tasks", "run", "Number of tasks that share the sweep", "", false},
      {"output", "output", "Folder of the sweep", "", false},
      {"sort", "output", "Order of the table: validation_sse, sse, loss, seconds or trial",
       "validation_sse", false},
      {"report", "output", "Only tabulate the results in --output", "", true},
      {"help", "output", "Show this text", "", true}};
  command.max_positional = 100000;
  command.uses_mpi = false;
  command.run = run_sweep;
  return command;
}

}  // namespace hourglass
