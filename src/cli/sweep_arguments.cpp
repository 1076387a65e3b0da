#include "cli/sweep_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/sweep_winner.hpp"
#include "cli/train_arguments.hpp"
#include "config/data_reading.hpp"
#include "config/settings.hpp"
#include "core/edit_distance.hpp"
#include "core/text_list.hpp"
#include "hourglass/core/error.hpp"
#include "run/sweep_table.hpp"
#include "system/atomic_file.hpp"
#include "system/byte_file.hpp"
#include "system/file_lock.hpp"

namespace hourglass {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// An axis of this name varies the configuration file instead of one setting.
constexpr const char* config_axis = "config";

// The lock on the folder is only held briefly.
constexpr double forever = std::numeric_limits<double>::infinity();

std::vector<std::string> read_launcher(const Arguments& arguments) {
  if (arguments.has("launcher") && arguments.has("ranks")) {
    throw Error(
        ErrorKind::usage,
        "--ranks and --launcher contradict each other: name the number of ranks in --launcher");
  }
  if (arguments.has("launcher")) return split_words(arguments.get("launcher"));
  if (!arguments.has("ranks")) return {};
  std::vector<std::string> words = {"mpirun", "-n",
                                    std::to_string(arguments.integer("ranks", 1, 1))};
  // mpirun binds the ranks of each job to the same first cores.
  if (arguments.integer("jobs", 1, 1) > 1) words.insert(words.begin() + 1, {"--bind-to", "none"});
  return words;
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
  if (plan.halving) {
    json["halving"] = {{"rule", name_of(plan.halving->rule)},
                       {"eta", plan.halving->eta},
                       {"rungs", plan.halving->rungs}};
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

[[noreturn]] void refuse_damaged(const std::string& path) {
  throw Error(
      ErrorKind::data,
      fmt::format(
          "{} is damaged: delete it and repeat the command with all options; trials are kept",
          path));
}

HalvingSettings stored_halving(const Json& json) {
  HalvingSettings halving;
  if (json.at("rule") == name_of(HalvingRule::asynchronous))
    halving.rule = HalvingRule::asynchronous;
  halving.eta = json.at("eta").get<Index>();
  halving.rungs = json.at("rungs").get<std::vector<Index>>();
  return halving;
}

bool is_sensible(const HalvingSettings& halving) {
  return halving.eta >= 2 && !halving.rungs.empty() && halving.rungs.front() > 0 &&
         std::ranges::is_sorted(halving.rungs);
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
    if (json.contains("halving")) {
      plan.halving = stored_halving(json["halving"]);
      if (!is_sensible(*plan.halving)) refuse_damaged(path);
    }
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
  for (const char* name : {"output", "resume", "extend", "pause-after", "print-config"}) {
    if (given.has(name))
      throw Error(
          ErrorKind::usage,
          fmt::format(
              "--{} is not supported for trials, whose folders are inside the sweep's --output",
              name));
  }
  for (const SweepAxis& axis : plan.axes) {
    if (plan.halving && axis.name == "epochs") {
      throw Error(ErrorKind::usage,
                  "epochs cannot be varied: successive halving divides the --epochs after --");
    }
    if (axis.name == "output")
      throw Error(ErrorKind::usage, "output cannot be varied: each trial has its own folder");
    if (given.has(axis.name))
      throw Error(ErrorKind::usage,
                  fmt::format("{} is varied and also set by --{} after --: leave one of them out",
                              axis.name, axis.name));
  }
}

// --halving or --asha, if it is given.
std::optional<HalvingSettings> read_halving(const Arguments& arguments, const SweepPlan& plan,
                                            const std::string& output) {
  if (arguments.has("halving") && arguments.has("asha"))
    throw Error(ErrorKind::usage,
                "--halving and --asha contradict each other: leave one of them out");
  const bool asynchronous = arguments.has("asha");
  if (!asynchronous && !arguments.has("halving")) {
    if (arguments.has("min-epochs"))
      throw Error(ErrorKind::usage, "--min-epochs needs --halving or --asha");
    return std::nullopt;
  }
  const std::string name = asynchronous ? "asha" : "halving";
  HalvingSettings halving;
  if (asynchronous) halving.rule = HalvingRule::asynchronous;
  halving.eta = arguments.flag_or_integer(name, 3, 2, 1000);
  const Arguments given = parse_arguments(train_options(), plan.options, 0);
  const bool varies_files = std::ranges::any_of(
      plan.axes, [](const SweepAxis& axis) { return axis.name == config_axis; });
  if (varies_files && !given.has("epochs")) {
    throw Error(ErrorKind::usage,
                fmt::format("--{} needs one number of epochs for all files of settings: give "
                            "--epochs after --",
                            name));
  }
  const Index epochs = new_run(given).epochs;
  const Index smallest = arguments.integer("min-epochs", 0, 1);
  halving.rungs = halving_rungs(halving.eta, epochs, smallest, plan.trials());
  // A random search that is prolonged keeps its rungs.
  if (smallest == 0 && plan.random > 0 && fs::exists(output + "/sweep.json")) {
    const auto before = stored_plan(output).halving;
    if (before && before->rungs.back() == epochs) halving.rungs = before->rungs;
  }
  if (halving.rungs.size() < 2) {
    throw Error(
        ErrorKind::usage,
        fmt::format("--{} {} has no rung below --epochs {}: use more epochs or trials, or a "
                    "smaller --min-epochs",
                    name, halving.eta, epochs));
  }
  return halving;
}

// Searches that compare trials by their validation errors, or go on with the winner, need settings
// that allow it in every trial that can be trained at all.
void check_decisions(const Sweep& sweep) {
  if (!sweep.plan.halving && !sweep.retrain_winner) return;
  for (Index trial = 0; trial < sweep.plan.trials(); ++trial) {
    if (!validation_error(sweep.plan, trial, sweep.output).empty()) continue;
    const TrainConfig config = trial_config(sweep.plan, trial, sweep.output);
    if (sweep.plan.halving && !has_validation(config)) {
      throw Error(ErrorKind::usage,
                  "successive halving compares validation errors: give --validation or "
                  "--validation-fraction after --");
    }
    if (sweep.retrain_winner) check_retraining(config);
  }
}

}  // namespace

std::vector<Option> sweep_options() {
  return {
      {"set", "search",
       "NAME=a,b,c: values of a setting (NAME='a b c' if values contain commas); can be repeated",
       "", false, true},
      {"range", "search",
       "NAME=log:LOW:HIGH, linear:... or integer:..., with --random; can be repeated", "", false,
       true},
      {"random", "search", "Number of random trials instead of the full grid", "", false},
      {"seed", "search", "Seed of the random search (the trials' --seed is given after --)", "1",
       false},
      {"halving", "search",
       "Successive halving: train all trials for a few epochs, the best 1/ETA of them for ETA "
       "times as many, and so on; without a value 3",
       "", true},
      {"asha", "search",
       "The same, but trials go on as soon as they are among the best so far (ASHA): for trials "
       "that run at the same time",
       "", true},
      {"min-epochs", "search",
       "With --halving or --asha: the fewest epochs of a rung, --epochs / ETA^k for a whole k; by "
       "default as many rungs as the trials can be divided by ETA",
       "", false},
      {"retrain-winner", "search",
       "Train the best trial's settings again, on the training and validation samples together", "",
       true},
      {"ranks", "run", "Ranks per trial, started by mpirun", "no mpirun", false},
      {"launcher", "run",
       "Launcher of each trial, e.g. 'mpirun --oversubscribe -n 4'; split at blanks, without a "
       "shell",
       "", false},
      {"jobs", "run", "Number of trials that run at the same time", "1", false},
      {"task", "run",
       "Run only the trials of this task, 0 to tasks - 1; with --halving and --asha all tasks take "
       "trials in turn",
       "", false},
      {"tasks", "run", "Number of tasks that share the sweep", "", false},
      {"output", "output", "Folder of the sweep", "", false},
      {"sort", "output", "Order of the table: validation_sse, sse, loss, seconds or trial",
       "validation_sse", false},
      {"report", "output", "Only tabulate the results in --output", "", true},
      {"help", "output", "Show this text", "", true}};
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
  sweep.plan.halving = read_halving(arguments, sweep.plan, sweep.output);
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
  sweep.jobs = arguments.integer("jobs", 1, 1);
  sweep.retrain_winner = arguments.flag("retrain-winner");
  check_decisions(sweep);
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

}  // namespace hourglass
