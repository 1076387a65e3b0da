#include "cli/scale_jobs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "core/counted.hpp"
#include "hourglass/core/error.hpp"
#include "system/child_process.hpp"
#include "system/stop_signal.hpp"

namespace hourglass {
namespace {

std::string describe(const ScalingPoint& point) {
  return fmt::format("{}, {}, batch {} in micro-batches of {}", counted(point.ranks, "rank"),
                     point.reduction, point.batch, point.micro_batch);
}

void note(const std::string& text) {
  fmt::print(stderr, "{}\n", text);
  std::fflush(stderr);
}

}  // namespace

std::vector<std::string> scale_job(const ScalePlan& plan, const ScalingPoint& point, bool network) {
  std::vector<std::string> words = {plan.launcher};
  const bool binding_given = std::ranges::any_of(plan.launch_options, [](const auto& word) {
    return word.find("bind-to") != std::string::npos;
  });
  if (plan.launcher == "mpirun") {
    words.insert(words.end(), {"--oversubscribe"});
    if (!binding_given) words.insert(words.end(), {"--bind-to", "none"});
  }
  words.insert(words.end(), plan.launch_options.begin(), plan.launch_options.end());
  words.insert(words.end(),
               {"-n", std::to_string(point.ranks), own_path(), "scale-worker", "--steps",
                std::to_string(plan.study.steps), "--warm-up", std::to_string(plan.study.warm_up),
                network ? "--network=true" : "--network=false", "--"});
  // The point's own settings replace what the options say of them.
  const auto& given = plan.study.train_options;
  for (std::size_t i = 0; i < given.size(); ++i) {
    if (given[i] == "--batch") {
      ++i;
    } else if (!given[i].starts_with("--batch=")) {
      words.push_back(given[i]);
    }
  }
  words.insert(words.end(), {"--batch", std::to_string(point.batch), "--micro-batch",
                             std::to_string(point.micro_batch), "--reduction", point.reduction});
  return words;
}

void measure_point(const ScalePlan& plan, const ScalingPoint& point, Index number, bool network,
                   ResultsFile& file, ScalingStudy& done) {
  std::vector<std::string> lines;
  const int code =
      run_job(scale_job(plan, point, network), file.lock(), [&](const std::string& line) {
        if (line.starts_with("{\"kind\":")) {
          lines.push_back(line.find("\"kind\":\"repetition\"") != std::string::npos
                              ? numbered(line, number)
                              : line);
        } else {
          note(line);
        }
      });
  if (StopSignal::received() != 0) {
    throw Error(
        ErrorKind::stopped,
        fmt::format(
            "stopped on request; {} measurements are kept in {}; the same command continues",
            done.repetitions.size(), plan.output));
  }
  if (code != 0 || lines.empty()) {
    throw Error(
        kind_of_failure(code),
        fmt::format("{} failed with exit code {} on {}; {}", plan.launcher, code, describe(point),
                    done.repetitions.empty() ? "there are no measurements yet"
                                             : "measurements are kept in " + plan.output +
                                                   ", and the same command continues"));
  }
  for (const std::string& line : lines) file.append(line);
  done = read_scaling_results(plan.output);
  const ScalingRepetition& last = done.repetitions.back();
  note(fmt::format("{}: repetition {} of {}: {:.3f} ms per step, {:.0f} samples/s", describe(point),
                   number, plan.repetitions, last.step_seconds * 1e3, last.samples_per_second));
}

}  // namespace hourglass
