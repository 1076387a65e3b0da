// The driver of a scaling study. It never starts MPI itself: each measurement is a job of its own,
// started by mpirun or srun.
#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "cli/command.hpp"
#include "cli/results_file.hpp"
#include "cli/scale_jobs.hpp"
#include "cli/scale_plan.hpp"
#include "core/median.hpp"
#include "hourglass/core/error.hpp"
#include "system/child_process.hpp"
#include "system/stop_signal.hpp"

namespace hourglass {
namespace {

void note(const std::string& text) {
  fmt::print(stderr, "{}\n", text);
  std::fflush(stderr);
}

void check_same_study(const ScalingStudy& old, const ScalePlan& plan) {
  const ScalingStudy& wanted = plan.study;
  const char* what = old.weak != wanted.weak                     ? "--strong or --weak"
                     : old.train_options != wanted.train_options ? "the options after --"
                     : old.steps != wanted.steps                 ? "--steps"
                     : old.warm_up != wanted.warm_up             ? "--warm-up"
                     : old.texts.at("program") != wanted.texts.at("program") ||
                             old.texts.at("revision") != wanted.texts.at("revision")
                         ? "the program's revision"
                         : nullptr;
  if (what == nullptr) return;
  throw Error(ErrorKind::usage,
              fmt::format("{} holds a study that differs in {}: choose another --output",
                          plan.output, what));
}

bool has_repetition(const ScalingStudy& study, const ScalingPoint& point, Index number) {
  return std::ranges::any_of(study.repetitions,
                             [&](const auto& r) { return r.point == point && r.number == number; });
}

bool has_network(const ScalingStudy& study, int ranks) {
  return std::ranges::any_of(study.networks,
                             [&](const auto& network) { return network.ranks == ranks; });
}

// Unless the file has it: a study that was killed may lack it though all measurements are there.
void add_summary(const ScalingPoint& point, ResultsFile& file, ScalingStudy& done) {
  const auto repetitions = by_point(done).at(point);
  const auto count = static_cast<Index>(repetitions.size());
  if (std::exchange(done.summarized[point], count) != count) file.append(summary_line(repetitions));
}

void print_summary(const ScalePlan& plan, const ScalingStudy& study) {
  fmt::print("{:>6} {:<10} {:>8} {:>12} {:>25} {:>14} {:>10}\n", "ranks", "reduction", "batch",
             "ms per step", "interval", "samples/s", "imbalance");
  for (const auto& [point, repetitions] : by_point(study)) {
    if (std::ranges::find(plan.points, point) == plan.points.end()) continue;
    std::vector<double> seconds;
    std::vector<double> imbalances;
    for (const auto& repetition : repetitions) {
      seconds.push_back(repetition.step_seconds);
      imbalances.push_back(repetition.imbalance);
    }
    const MedianEstimate step = estimate_median(seconds);
    fmt::print("{:>6} {:<10} {:>8} {:>12.3f} {:>25} {:>14.0f} {:>9.1f}%\n", point.ranks,
               point.reduction, point.batch, step.median * 1e3,
               fmt::format("{:.3f}..{:.3f} ({:.0f} %)", step.low * 1e3, step.high * 1e3,
                           step.confidence * 100),
               static_cast<double>(point.batch) / step.median, median_of(imbalances) * 100);
  }
  fmt::print("results {}\nnext: hourglass report scaling {} --output scaling.html\n", plan.output,
             plan.output);
}

void warn_of_shared_cores(const ScalePlan& plan) {
  cpu_set_t set;
  CPU_ZERO(&set);
  // Elsewhere the hosts' cores count; the workers look at those.
  if (plan.launcher != "mpirun" || !plan.launch_options.empty() ||
      sched_getaffinity(0, sizeof set, &set) != 0)
    return;
  const Index cores = CPU_COUNT(&set);
  for (const ScalingPoint& point : plan.points) {
    if (point.ranks * plan.threads <= cores) continue;
    note(fmt::format(
        "warning: {} ranks x {} threads share {} cores here: these measurements are meaningless",
        point.ranks, plan.threads, cores));
    return;
  }
}

void run_scale(const Arguments& arguments) {
  refuse_launcher("scale");
  const ScalePlan plan = read_scale_plan(arguments);
  ResultsFile file(plan.output);
  const StopSignal signals;
  ScalingStudy done = plan.study;
  if (!file.is_empty()) done = read_scaling_results(plan.output, true);
  if (done.repetitions.empty() && done.networks.empty()) {
    // A study that failed before its first measurement does not bind the options of the next one.
    file.clear();
    done = plan.study;
    file.append(study_line(plan.study));
  } else {
    check_same_study(done, plan);
    file.drop_incomplete_line();
    note(fmt::format("continuing {}: {} measurements done", plan.output, done.repetitions.size()));
  }
  warn_of_shared_cores(plan);
  // Repetitions in the outer loop: what drifts (clocks, other users) meets all points alike.
  for (Index number = 1; number <= plan.repetitions; ++number) {
    for (const ScalingPoint& point : plan.points) {
      if (!has_repetition(done, point, number)) {
        const bool network = plan.network && point.ranks > 1 && !has_network(done, point.ranks);
        measure_point(plan, point, number, network, file, done);
      }
      if (number == plan.repetitions) add_summary(point, file, done);
    }
  }
  print_summary(plan, done);
}

}  // namespace

Command scale_command() {
  return {
      "scale",
      "Measure strong or weak scaling of the training loop",
      "hourglass scale --weak|--strong --ranks 1,2,4 --output results.jsonl [OPTIONS] -- TRAIN "
      "OPTIONS",
      "The options after -- are those of hourglass train: the model, optionally --data (random "
      "samples otherwise), --batch (per rank\nwith --weak), --threads. Ranks are started by srun "
      "in a Slurm allocation, otherwise by mpirun. The same command continues an\ninterrupted "
      "study; further --ranks or --repetitions extend it.\n",
      {{"strong", "study", "Strong scaling: constant global batch", "", true},
       {"weak", "study",
        "Weak scaling: the global batch grows with the ranks; --batch is per rank (default: one "
        "micro-batch per thread)",
        "", true},
       {"ranks", "study", "Rank counts, e.g. 1,2,4", "", false},
       {"reduction", "study", "tree, allreduce or tree,allreduce", "tree", false},
       {"micro-batch", "study", "One or more micro-batch sizes, e.g. 32,128", "128", false},
       {"repetitions", "measurement", "Jobs per configuration", "5", false},
       {"steps", "measurement", "Measured steps per job", "20", false},
       {"warm-up", "measurement", "Warm-up steps per job", "5", false},
       {"network", "measurement",
        "Also benchmark allreduce and point-to-point messages, once per rank count", "true", true},
       {"launcher", "launch", "auto, mpirun or srun", "auto", false},
       {"launch-options", "launch",
        "Additional launcher options, e.g. \"--bind-to core -H node1:4,node2:4\"", "", false},
       {"output", "output", "Results file (JSON lines), appended to", "", false},
       {"help", "output", "Show this text", "", true}},
      100000,
      false,
      run_scale};
}

}  // namespace hourglass
