#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <ranges>
#include <thread>
#include <utility>

#include "child_process.hpp"
#include "command.hpp"
#include "file_lock.hpp"
#include "hourglass/core/edit_distance.hpp"
#include "hourglass/core/error.hpp"
#include "hourglass/core/text_list.hpp"
#include "hourglass/io/atomic_file.hpp"
#include "hourglass/io/byte_file.hpp"
#include "hourglass/train/run_lock.hpp"
#include "hourglass/train/settings.hpp"
#include "hourglass/train/stop_signal.hpp"
#include "sweep_table.hpp"
#include "train_arguments.hpp"

namespace hourglass {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// A whole file set: an axis of this name varies the configuration file instead of one setting.
constexpr const char* config_axis = "config";

// The table is written within moments.
constexpr double forever = std::numeric_limits<double>::infinity();

struct Sweep {
  SweepPlan plan;
  std::string output;
  std::string sort;
  std::vector<std::string> launcher;  ///< words before the program's name
  Index task = 0;
  Index tasks = 1;
};

std::vector<std::string> read_launcher(const Arguments& arguments) {
  if (arguments.has("launcher") && arguments.has("ranks")) {
    throw Error(ErrorKind::usage, "--ranks and --launcher contradict each other: name the number of ranks in --launcher");
  }
  if (arguments.has("launcher")) return split_words(arguments.get("launcher"));
  if (arguments.has("ranks")) return {"mpirun", "-n", std::to_string(arguments.integer("ranks", 1, 1))};
  return {};
}

std::vector<std::string> list_of(const Arguments& arguments, const std::string& name) {
  const auto found = arguments.lists.find(name);
  return found == arguments.lists.end() ? std::vector<std::string>{} : found->second;
}

SweepPlan read_plan(const Arguments& arguments) {
  SweepPlan plan;
  for (const std::string& text : list_of(arguments, "set")) plan.axes.push_back(SweepAxis::from_values(text));
  for (const std::string& text : list_of(arguments, "range")) plan.axes.push_back(SweepAxis::from_range(text));
  plan.random = arguments.integer("random", 0, 1);
  plan.seed = static_cast<std::uint64_t>(arguments.integer("seed", 1, 0));
  plan.options = arguments.positional;
  return plan;
}

// What makes two sweeps the same one, as text. The number of random draws may grow.
std::string describe(const SweepPlan& plan) {
  Json json;
  json["search"] = plan.random > 0 ? "random" : "grid";
  json["seed"] = plan.seed;
  json["set"] = Json::array();
  json["range"] = Json::array();
  for (const SweepAxis& axis : plan.axes) json[axis.kind == SweepAxis::Kind::values ? "set" : "range"].push_back(axis.text);
  json["train"] = plan.options;
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

SweepPlan stored_plan(const std::string& output) {
  const std::string path = output + "/sweep.json";
  std::ifstream stream(path);
  if (!stream) throw Error(ErrorKind::io, fmt::format("{} holds no sweep: sweep.json is missing", output));
  try {
    const Json json = Json::parse(stream);
    SweepPlan plan;
    for (const auto& text : json.at("set")) plan.axes.push_back(SweepAxis::from_values(text.get<std::string>()));
    for (const auto& text : json.at("range")) plan.axes.push_back(SweepAxis::from_range(text.get<std::string>()));
    plan.seed = json.at("seed").get<std::uint64_t>();
    plan.options = json.at("train").get<std::vector<std::string>>();
    if (json.at("search") == "random") {
      while (fs::exists(trial_files(output, plan.random).outcome) || fs::exists(trial_files(output, plan.random).folder))
        ++plan.random;
      plan.random = std::max<Index>(plan.random, 1);
    }
    return plan;
  } catch (const Json::exception&) {
    throw Error(ErrorKind::data, fmt::format("{} is damaged: it describes no sweep", path));
  }
}

Arguments trial_arguments(const SweepPlan& plan, Index trial) {
  std::vector<std::string> words = plan.options;
  const auto values = plan.values(trial);
  for (std::size_t a = 0; a < plan.axes.size(); ++a) words.push_back("--" + plan.axes[a].name + "=" + values[a]);
  return parse_arguments(train_options(), words, 0);
}

// Whether `hourglass train` would take the trial's settings: what it says against them, or nothing.
std::string objection(const SweepPlan& plan, Index trial, const std::string& output) {
  try {
    TrainConfig config = new_run(trial_arguments(plan, trial));
    config.output = output;
    validate(config);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

void check_names(const SweepPlan& plan) {
  std::vector<std::string> names = {config_axis};
  for (const Setting& setting : train_settings()) names.push_back(setting.name);
  for (const SweepAxis& axis : plan.axes) {
    if (std::ranges::find(names, axis.name) == names.end()) {
      throw Error(ErrorKind::usage, fmt::format("unknown setting '{}' to vary{}", axis.name, suggestion(axis.name, names)));
    }
  }
  Arguments given = parse_arguments(train_options(), plan.options, 0);
  for (const char* name : {"output", "resume", "print-config"}) {
    if (given.has(name))
      throw Error(ErrorKind::usage, fmt::format("--{} is not for trials: their folders are below the sweep's --output", name));
  }
  for (const SweepAxis& axis : plan.axes) {
    if (axis.name == "output") throw Error(ErrorKind::usage, "output cannot be varied: each trial has a folder of its own");
    if (given.has(axis.name))
      throw Error(ErrorKind::usage, fmt::format("{} is varied, and set by --{} after -- as well", axis.name, axis.name));
  }
}

Sweep read_sweep(const Arguments& arguments) {
  Sweep sweep;
  sweep.output = fs::path(arguments.required("output")).string();
  while (sweep.output.size() > 1 && sweep.output.back() == '/') sweep.output.pop_back();
  sweep.sort = arguments.get("sort", sort_columns().front());
  if (std::ranges::find(sort_columns(), sweep.sort) == sort_columns().end()) {
    throw Error(ErrorKind::usage,
                fmt::format("--sort is '{}', but one of {} is expected", sweep.sort, fmt::join(sort_columns(), ", ")));
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
    throw Error(ErrorKind::usage, "--task and --tasks go together: --task 0 --tasks 4");
  if (sweep.task >= sweep.tasks) {
    throw Error(ErrorKind::usage,
                fmt::format("--task {} of --tasks {}: tasks count from 0 to {}", sweep.task, sweep.tasks, sweep.tasks - 1));
  }
  return sweep;
}

void claim_folder(const Sweep& sweep) {
  if (fs::exists(sweep.output + "/config.cfg")) {
    throw Error(ErrorKind::usage, fmt::format("{} holds a single run, not a sweep: choose another --output", sweep.output));
  }
  std::error_code error;
  fs::create_directories(sweep.output, error);
  if (error) throw Error(ErrorKind::io, fmt::format("cannot create {}: {}", sweep.output, error.message()));
  const FileLock lock(sweep.output + "/.sweep.lock", forever);
  const std::string path = sweep.output + "/sweep.json";
  const std::string wanted = describe(sweep.plan);
  if (!fs::exists(path)) {
    write_text_atomically(path, wanted);
  } else if (read_text(path) != wanted) {
    throw Error(ErrorKind::usage,
                fmt::format("{} holds another sweep (see {}): repeat its options to go on with it, or choose another "
                            "--output",
                            sweep.output, path));
  }
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

TrialOutcome outcome_of(int code) {
  TrialOutcome outcome;
  outcome.code = code;
  switch (code) {
    case 0:
      outcome.status = "done";
      break;
    case static_cast<int>(ErrorKind::diverged):
      outcome.status = "diverged";
      break;
    case static_cast<int>(ErrorKind::usage):
    case static_cast<int>(ErrorKind::data):
      outcome.status = "refused";
      break;
    case static_cast<int>(ErrorKind::stopped):
      outcome.status = "stopped";
      break;
    default:
      outcome.status = "failed";
  }
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
  const auto values = sweep.plan.values(trial);
  for (std::size_t a = 0; a < values.size(); ++a) words.push_back("--" + sweep.plan.axes[a].name + "=" + values[a]);
  words.insert(words.end(), sweep.plan.options.begin(), sweep.plan.options.end());
  return words;
}

// Whether ranks are still writing the trial's run: those that a killed sweep or launcher left behind.
bool is_written(const TrialFiles& files) {
  if (!fs::exists(files.folder)) return false;
  try {
    const RunLock probe(files.folder + "/.lock");
  } catch (const Error& error) {
    return error.exit_code() == static_cast<int>(ErrorKind::usage);
  }
  return false;
}

enum class Step { ended, busy, asked_to_stop };

Step run_trial(const Sweep& sweep, Index trial) {
  const TrialFiles files = trial_files(sweep.output, trial);
  const FileLock lock(files.lock);
  if (!lock.held()) return Step::busy;
  const auto before = read_outcome(files);
  if (before && before->is_final()) return Step::ended;
  if (is_written(files)) return Step::busy;
  TrialOutcome outcome;
  ChildExit end;
  const auto begin = std::chrono::steady_clock::now();
  if (const std::string message = objection(sweep.plan, trial, files.folder); !message.empty()) {
    outcome = outcome_of(static_cast<int>(ErrorKind::usage));
    outcome.message = message;
  } else if (fs::exists(files.folder + "/model.h5")) {
    outcome = outcome_of(0);
  } else {
    const auto values = sweep.plan.values(trial);
    std::string text;
    for (std::size_t a = 0; a < values.size(); ++a) text += fmt::format(" {}={}", sweep.plan.axes[a].name, values[a]);
    fmt::print("trial {:04} of {}:{}\n", trial + 1, sweep.plan.trials(), text);
    std::fflush(stdout);
    end = run_child(trial_command(sweep, trial, files.folder), files.log, lock.descriptor());
    outcome = outcome_of(end.code);
    // A launcher that passed the signal on may end with a code of its own.
    if (end.stopped && outcome.status == "failed") outcome.status = "stopped";
    if (outcome.status != "done") outcome.message = last_message(files.log);
  }
  outcome.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() + (before ? before->seconds : 0);
  write_outcome(files, outcome);
  if (outcome.status != "done") {
    fmt::print("trial {:04} {} ({}): {}\n", trial + 1, outcome.status, outcome.code,
               outcome.message.empty() ? "see " + files.log : outcome.message);
  }
  return end.stopped || StopSignal::received() != 0 ? Step::asked_to_stop : Step::ended;
}

// The last task to end finds the results of all the others, since one at a time reads and writes.
std::vector<TrialRow> tabulate(const Sweep& sweep) {
  const FileLock lock(sweep.output + "/.sweep.lock", forever);
  auto rows = read_rows(sweep.plan, sweep.output, sweep.sort);
  write_rows(sweep.plan, rows, sweep.output);
  return rows;
}

// All trials of this task; last those that other processes had at first, since one of these may have been killed.
void run_trials(const Sweep& sweep) {
  const StopSignal stop;
  std::vector<Index> trials;
  for (Index trial = sweep.task; trial < sweep.plan.trials(); trial += sweep.tasks) trials.push_back(trial);
  for (bool first = true; !trials.empty(); first = false) {
    std::vector<Index> busy;
    for (const Index trial : trials) {
      const Step step = StopSignal::received() == 0 ? run_trial(sweep, trial) : Step::asked_to_stop;
      if (step == Step::busy) busy.push_back(trial);
      if (step != Step::asked_to_stop) continue;
      tabulate(sweep);
      throw Error(ErrorKind::stopped, fmt::format("stopped at trial {:04}; the same command goes on with it", trial + 1));
    }
    if (first && !busy.empty()) {
      fmt::print("waiting for trial{} {:04}, which another process is running\n", busy.size() == 1 ? "" : "s",
                 fmt::join(busy | std::views::transform([](Index trial) { return trial + 1; }), ", "));
      std::fflush(stdout);
    }
    trials = std::move(busy);
    if (!trials.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

void print_table(const Sweep& sweep, const std::vector<TrialRow>& rows) {
  fmt::print("\n{}\nresults {}/results.csv and results.json\n", format_rows(sweep.plan, rows), sweep.output);
  std::fflush(stdout);
}

// A trial that ended with no code of the program's own lost a rank: killed, or gone with its node.
ErrorKind kind_of_failure(int code) {
  if (code == static_cast<int>(ErrorKind::io) || code == not_started) return ErrorKind::io;
  return code == static_cast<int>(ErrorKind::bug) ? ErrorKind::bug : ErrorKind::rank;
}

void run_sweep(const Arguments& arguments) {
  refuse_launcher("sweep");
  const Sweep sweep = read_sweep(arguments);
  if (arguments.flag("report")) return print_table(sweep, tabulate(sweep));
  const std::string first = objection(sweep.plan, 0, sweep.output);
  for (Index trial = 0; !first.empty(); ++trial) {
    if (trial == sweep.plan.trials()) throw Error(ErrorKind::usage, fmt::format("no trial can run: {}", first));
    if (objection(sweep.plan, trial, sweep.output).empty()) break;
  }
  claim_folder(sweep);
  run_trials(sweep);
  const auto rows = tabulate(sweep);
  print_table(sweep, rows);
  for (const TrialRow& row : rows) {
    const bool mine = row.trial % sweep.tasks == sweep.task;
    if (!mine || row.outcome.status != "failed") continue;
    throw Error(kind_of_failure(row.outcome.code),
                fmt::format("trial {:04} failed with exit code {} (see {}); the same command tries it again", row.trial + 1,
                            row.outcome.code, trial_files(sweep.output, row.trial).log));
  }
}

}  // namespace

Command sweep_command() {
  Command command;
  command.name = "sweep";
  command.summary = "Train once for each combination of settings, or for random ones, and tabulate the results";
  command.usage =
      "hourglass sweep --set learning-rate=1e-3,3e-3 --set batch=256,512 --output sweep/ [OPTIONS] -- TRAIN OPTIONS\n"
      "       hourglass sweep --random 20 --range learning-rate=log:1e-4:1e-2 --output sweep/ [OPTIONS] -- TRAIN OPTIONS\n"
      "       hourglass sweep --report --output sweep/";
  command.details =
      "What follows -- goes to every trial: `hourglass train` with --output sweep/trial-0001 and so on. `config` may be varied "
      "too: a file of\n"
      "settings for each trial. The same command again goes on where the sweep was stopped; trials that diverged or were "
      "refused are rows too.\n"
      "Several processes may share a sweep: of --tasks N, task I takes every N-th trial (in a Slurm array: --task "
      "$SLURM_ARRAY_TASK_ID).\n";
  command.options = {
      {"set", "search", "NAME=a,b,c: values of a setting (NAME='a b c' where values hold commas); repeats", "", false, true},
      {"range", "search", "NAME=log:LOW:HIGH, linear:... or integer:...: with --random; repeats", "", false, true},
      {"random", "search", "Number of random trials instead of the whole grid", "", false},
      {"seed", "search", "Seed of the random draws (each trial's own --seed goes after --)", "1", false},
      {"ranks", "run", "Ranks of each trial, started by mpirun", "no mpirun", false},
      {"launcher", "run", "What to start each trial with, e.g. 'mpirun --oversubscribe -n 4'; split at blanks, no shell", "",
       false},
      {"task", "run", "Run only the trials of this task, 0 to tasks - 1", "", false},
      {"tasks", "run", "Number of tasks that share the sweep", "", false},
      {"output", "output", "Folder of the sweep", "", false},
      {"sort", "output", "Order of the table: validation_sse, sse, loss, seconds or trial", "validation_sse", false},
      {"report", "output", "Only tabulate what --output holds", "", true},
      {"help", "output", "Show this text", "", true}};
  command.max_positional = 100000;
  command.uses_mpi = false;
  command.run = run_sweep;
  return command;
}

}  // namespace hourglass
