#include "cli/scale_plan.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ctime>

#include "cli/revision.hpp"
#include "cli/train_arguments.hpp"
#include "core/text_list.hpp"
#include "hourglass/core/error.hpp"
#include "run/version.hpp"

namespace hourglass {
namespace {

std::vector<Index> counts_of(const std::string& name, const std::string& text) {
  std::vector<Index> counts;
  for (const std::string& item : split_list(text)) {
    Index value = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), value);
    if (error != std::errc{} || end != item.data() + item.size() || value < 1 ||
        value > 1'000'000) {
      throw Error(ErrorKind::usage,
                  fmt::format("--{} {}: '{}' is not a positive number; give a list like 1,2,4",
                              name, text, item));
    }
    if (std::ranges::find(counts, value) != counts.end()) {
      throw Error(ErrorKind::usage, fmt::format("--{} {}: {} is named twice", name, text, value));
    }
    counts.push_back(value);
  }
  if (counts.empty())
    throw Error(ErrorKind::usage, fmt::format("--{} is empty; give a list like 1,2,4", name));
  return counts;
}

std::string launcher_of(const Arguments& arguments) {
  std::string launcher = arguments.get("launcher", "auto");
  if (launcher == "auto") return std::getenv("SLURM_JOB_ID") != nullptr ? "srun" : "mpirun";
  if (launcher == "mpirun" || launcher == "srun") return launcher;
  throw Error(ErrorKind::usage,
              fmt::format("--launcher {}: choose auto, mpirun or srun", launcher));
}

TrainConfig parse_train_options(const std::vector<std::string>& words) {
  const Arguments given = parse_arguments(train_options(), words, 0);
  for (const char* name : {"output", "validation", "resume", "print-config"}) {
    if (given.has(name))
      throw Error(ErrorKind::usage, fmt::format("--{} is not supported by hourglass scale", name));
  }
  for (const char* name : {"micro-batch", "reduction"}) {
    if (given.has(name)) {
      throw Error(
          ErrorKind::usage,
          fmt::format("give --{0} before --, to hourglass scale itself, where it may be a list",
                      name));
    }
  }
  TrainConfig config = new_run(given);
  if (config.model.encoder.empty()) {
    throw Error(ErrorKind::usage,
                "name a model after --, e.g. hourglass scale --weak --ranks 1,2 --output "
                "results.jsonl -- --layers 784,1000,500,250,30");
  }
  if (config.pretrain.kind != Pretrain::none) {
    throw Error(ErrorKind::usage,
                "--pretrain is not supported by hourglass scale: measure the layers separately, "
                "e.g. --layers 784,1000");
  }
  if (is_full_batch(config)) {
    throw Error(
        ErrorKind::usage,
        fmt::format("--optimizer {} is not supported by hourglass scale, because a line search "
                    "makes a varying number of passes over the data; use another optimizer",
                    lbfgs_name));
  }
  return config;
}

void add_points(const Arguments& arguments, const TrainConfig& config, bool batch_given,
                ScalePlan& plan) {
  const std::vector<std::string> reductions = split_list(arguments.get("reduction", "tree"));
  if (reductions.empty())
    throw Error(ErrorKind::usage, "--reduction is empty: choose tree, allreduce or tree,allreduce");
  for (const std::string& reduction : reductions) {
    if (reduction != "tree" && reduction != "allreduce") {
      throw Error(ErrorKind::usage,
                  fmt::format("--reduction {}: choose tree, allreduce or tree,allreduce",
                              arguments.get("reduction")));
    }
  }
  for (const Index micro_batch :
       counts_of("micro-batch", arguments.get("micro-batch", std::to_string(config.micro_batch)))) {
    for (const std::string& reduction : reductions) {
      for (const Index ranks : counts_of("ranks", arguments.required("ranks"))) {
        const Index base =
            plan.study.weak && !batch_given ? micro_batch * config.threads : config.batch;
        const Index batch = plan.study.weak ? base * ranks : base;
        TrainConfig checked = config;
        checked.micro_batch = micro_batch;
        checked.batch = batch;
        checked.output = "unused";
        if (checked.data.empty()) checked.data = "unused.h5";
        validate(checked);
        if (ranks > checked.shards()) {
          throw Error(
              ErrorKind::usage,
              fmt::format("--ranks {}: a batch of {} has {} micro-batches of {}, but each rank "
                          "needs at least one; use a larger --batch or a smaller --micro-batch",
                          ranks, batch, checked.shards(), micro_batch));
        }
        plan.points.push_back({static_cast<int>(ranks), reduction, micro_batch, batch});
      }
    }
  }
}

}  // namespace

ScalePlan read_scale_plan(const Arguments& arguments) {
  ScalePlan plan;
  if (arguments.flag("weak") == arguments.flag("strong")) {
    throw Error(ErrorKind::usage,
                "choose --strong (constant global batch) or --weak (constant batch per rank)");
  }
  plan.study.weak = arguments.flag("weak");
  plan.repetitions = arguments.integer("repetitions", 5, 1);
  plan.study.steps = arguments.integer("steps", 20, 1);
  plan.study.warm_up = arguments.integer("warm-up", 5, 0);
  plan.network = !arguments.has("network") || arguments.flag("network");
  plan.launcher = launcher_of(arguments);
  plan.launch_options = split_words(arguments.get("launch-options"));
  plan.output = arguments.required("output");
  plan.study.train_options = arguments.positional;
  const TrainConfig config = parse_train_options(arguments.positional);
  plan.threads = config.threads;
  const bool batch_given = config.batch != TrainConfig{}.batch ||
                           std::ranges::any_of(arguments.positional, [](const std::string& word) {
                             return word == "--batch" || word.starts_with("--batch=");
                           });
  add_points(arguments, config, batch_given, plan);
  plan.study.texts = {
      {"program", version()},
      {"revision", revision()},
      {"launcher", plan.launcher},
      {"started", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))}};
  return plan;
}

}  // namespace hourglass
