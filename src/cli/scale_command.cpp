// The driver of a scaling study. It never starts MPI itself: each measurement is a job of its own,
// started by mpirun or srun.
#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <utility>

#include "cli/command.hpp"
#include "cli/revision.hpp"
#include "cli/train_arguments.hpp"
#include "core/median.hpp"
#include "core/text_list.hpp"
#include "hourglass/core/error.hpp"
#include "report/scaling_results.hpp"
#include "run/version.hpp"
#include "system/child_process.hpp"
#include "system/file_lock.hpp"
#include "system/stop_signal.hpp"

namespace hourglass {
namespace {

struct Plan {
  ScalingStudy study;
  std::vector<ScalingPoint> points;
  Index repetitions = 5;
  Index threads = 1;
  bool network = true;
  std::string launcher;
  std::vector<std::string> launch_options;
  std::string output;
};

std::vector<Index> counts_of(const std::string& name, const std::string& text) {
  std::vector<Index> counts;
  for (const std::string& item : split_list(text)) {
    Index value = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), value);
    if (error != std::errc{} || end != item.data() + item.size() || value < 1 ||
        value > 1'000'000) {
      throw Error(ErrorKind::usage,
                  fmt::format("--{} {}: '{}' is no positive number; give a list like 1,2,4", name,
                              text, item));
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
      throw Error(
          ErrorKind::usage,
          fmt::format("--{} has no place in a scaling study: it trains nothing to keep", name));
  }
  for (const char* name : {"micro-batch", "reduction"}) {
    if (given.has(name)) {
      throw Error(
          ErrorKind::usage,
          fmt::format("give --{0} before the --, to hourglass scale itself: it may be a list there",
                      name));
    }
  }
  TrainConfig config = new_run(given);
  if (config.model.encoder.empty()) {
    throw Error(ErrorKind::usage,
                "name a model behind --, e.g. hourglass scale --weak --ranks 1,2 --output "
                "results.jsonl -- --layers "
                "784,1000,500,250,30");
  }
  if (config.pretrain.kind != Pretrain::none) {
    throw Error(ErrorKind::usage,
                "--pretrain has no place in a scaling study: measure the layers that it trains one "
                "by one, e.g. --layers 784,1000");
  }
  if (is_full_batch(config)) {
    throw Error(
        ErrorKind::usage,
        fmt::format(
            "--optimizer {} has no place in a scaling study: its updates take passes over all "
            "the data, as many as a line search asks for; measure another optimizer's steps",
            lbfgs_name));
  }
  return config;
}

void add_points(const Arguments& arguments, const TrainConfig& config, bool batch_given,
                Plan& plan) {
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
              fmt::format(
                  "--ranks {}: a batch of {} has {} micro-batches of {}, and a rank needs at "
                  "least one; use a larger --batch or a "
                  "smaller --micro-batch",
                  ranks, batch, checked.shards(), micro_batch));
        }
        plan.points.push_back({static_cast<int>(ranks), reduction, micro_batch, batch});
      }
    }
  }
}

Plan read_plan(const Arguments& arguments) {
  Plan plan;
  if (arguments.flag("weak") == arguments.flag("strong")) {
    throw Error(ErrorKind::usage,
                "choose --strong (the batch stays) or --weak (the batch grows with the ranks)");
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

// The results file, locked and appended to, a line at a time.
class ResultsFile {
 public:
  // The ranks of a study that was killed end within moments; until then nobody is to measure beside
  // them.
  explicit ResultsFile(const std::string& path)
      : path_(regular(path)),
        lock_(path, 10),
        file_(open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC)) {
    if (!lock_.held())
      throw Error(ErrorKind::usage, fmt::format("{} belongs to a study that is running", path));
    if (file_ < 0)
      throw Error(ErrorKind::io, fmt::format("cannot write {}: {}", path, std::strerror(errno)));
  }
  ~ResultsFile() { close(file_); }
  ResultsFile(const ResultsFile&) = delete;
  ResultsFile& operator=(const ResultsFile&) = delete;

  [[nodiscard]] int lock() const { return lock_.descriptor(); }
  [[nodiscard]] bool is_empty() const { return std::filesystem::file_size(path_) == 0; }
  // Takes away the end of a line that a kill has cut.
  void drop_cut_line() {
    const auto size = static_cast<off_t>(std::filesystem::file_size(path_));
    off_t end = size;
    for (char byte = 0; end > 0 && pread(file_, &byte, 1, end - 1) == 1 && byte != '\n';) --end;
    if (end < size && ftruncate(file_, end) != 0)
      throw Error(ErrorKind::io, fmt::format("cannot shorten {}", path_));
  }
  void append(const std::string& line) {
    const std::string text = line + "\n";
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t count = write(file_, text.data() + done, text.size() - done);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0)
        throw Error(ErrorKind::io, fmt::format("cannot write {}: {}", path_, std::strerror(errno)));
      done += static_cast<std::size_t>(count);
    }
  }

  void clear() {
    if (ftruncate(file_, 0) != 0)
      throw Error(ErrorKind::io, fmt::format("cannot shorten {}", path_));
  }

 private:
  static const std::string& regular(const std::string& path) {
    if (!std::filesystem::exists(path) || std::filesystem::is_regular_file(path)) return path;
    throw Error(ErrorKind::usage,
                fmt::format("{}: is no regular file; choose another --output", path));
  }

  std::string path_;
  FileLock lock_;
  int file_;
};

void check_same_study(const ScalingStudy& old, const Plan& plan) {
  const ScalingStudy& wanted = plan.study;
  const char* what = old.weak != wanted.weak                     ? "--strong or --weak"
                     : old.train_options != wanted.train_options ? "the options behind --"
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

std::vector<std::string> job(const Plan& plan, const ScalingPoint& point, bool network) {
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

std::string describe(const ScalingPoint& point) {
  return fmt::format("{} rank{}, {}, batch {} in micro-batches of {}", point.ranks,
                     point.ranks == 1 ? "" : "s", point.reduction, point.batch, point.micro_batch);
}

void note(const std::string& text) {
  fmt::print(stderr, "{}\n", text);
  std::fflush(stderr);
}

// Runs one measurement and appends it.
void measure(const Plan& plan, const ScalingPoint& point, Index number, bool network,
             ResultsFile& file, ScalingStudy& done) {
  std::vector<std::string> lines;
  const int code = run_job(job(plan, point, network), file.lock(), [&](const std::string& line) {
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
        fmt::format("{} ended with exit code {} on {}; {}", plan.launcher, code, describe(point),
                    done.repetitions.empty() ? "nothing is measured yet"
                                             : "what is measured is kept in " + plan.output +
                                                   ", and the same command continues"));
  }
  for (const std::string& line : lines) file.append(line);
  done = read_scaling_results(plan.output);
  const ScalingRepetition& last = done.repetitions.back();
  note(fmt::format("{}: repetition {} of {}: {:.3f} ms a step, {:.0f} samples/s", describe(point),
                   number, plan.repetitions, last.step_seconds * 1e3, last.samples_per_second));
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

void print_summary(const Plan& plan, const ScalingStudy& study) {
  fmt::print("{:>6} {:<10} {:>8} {:>12} {:>25} {:>14} {:>10}\n", "ranks", "reduction", "batch",
             "ms a step", "interval", "samples/s", "imbalance");
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

void warn_of_shared_cores(const Plan& plan) {
  cpu_set_t set;
  CPU_ZERO(&set);
  // Elsewhere the hosts' cores count; the workers look at those.
  if (plan.launcher != "mpirun" || !plan.launch_options.empty() ||
      sched_getaffinity(0, sizeof set, &set) != 0)
    return;
  const Index cores = CPU_COUNT(&set);
  for (const ScalingPoint& point : plan.points) {
    if (point.ranks * plan.threads <= cores) continue;
    note(
        fmt::format("warning: {} ranks x {} threads share {} cores here: their numbers measure the "
                    "scheduler and mean nothing",
                    point.ranks, plan.threads, cores));
    return;
  }
}

void run_scale(const Arguments& arguments) {
  refuse_launcher("scale");
  const Plan plan = read_plan(arguments);
  ResultsFile file(plan.output);
  const StopSignal signals;
  ScalingStudy done = plan.study;
  if (!file.is_empty()) done = read_scaling_results(plan.output, true);
  if (done.repetitions.empty() && done.networks.empty()) {
    // A study that failed before its first measurement is no reason to keep to its options.
    file.clear();
    done = plan.study;
    file.append(study_line(plan.study));
  } else {
    check_same_study(done, plan);
    file.drop_cut_line();
    note(fmt::format("continuing {}: {} measurements are there", plan.output,
                     done.repetitions.size()));
  }
  warn_of_shared_cores(plan);
  // Repetitions in the outer loop: what drifts (clocks, other users) meets all points alike.
  for (Index number = 1; number <= plan.repetitions; ++number) {
    for (const ScalingPoint& point : plan.points) {
      if (!has_repetition(done, point, number)) {
        const bool network = plan.network && point.ranks > 1 && !has_network(done, point.ranks);
        measure(plan, point, number, network, file, done);
      }
      if (number == plan.repetitions) add_summary(point, file, done);
    }
  }
  print_summary(plan, done);
}

}  // namespace

Command scale_command() {
  return {"scale",
          "Measure strong or weak scaling of the training loop, repeatedly, into a results file",
          "hourglass scale --weak|--strong --ranks 1,2,4 --output results.jsonl [OPTIONS] -- TRAIN "
          "OPTIONS",
          "Behind -- stand the settings of hourglass train: the model, perhaps --data (noise in "
          "memory otherwise), --batch (of one "
          "rank\n"
          "with --weak), --threads. Inside a Slurm allocation ranks are started by srun, elsewhere "
          "by mpirun. A study that was\n"
          "interrupted goes on when the same command is given again; further --ranks or "
          "--repetitions extend it.\n",
          {{"strong", "study", "The batch stays as the ranks grow", "", true},
           {"weak", "study",
            "The batch grows with the ranks: --batch is that of one rank (one micro-batch a thread "
            "by default)",
            "", true},
           {"ranks", "study", "Numbers of ranks, e.g. 1,2,4", "", false},
           {"reduction", "study", "tree, allreduce or tree,allreduce", "tree", false},
           {"micro-batch", "study", "One or several, e.g. 32,128", "128", false},
           {"repetitions", "measurement", "Jobs of each point", "5", false},
           {"steps", "measurement", "Steps that a job measures", "20", false},
           {"warm-up", "measurement", "Steps before them", "5", false},
           {"network", "measurement",
            "Measure allreduce and messages alone as well, once for each number of ranks", "true",
            true},
           {"launcher", "launch", "auto, mpirun or srun", "auto", false},
           {"launch-options", "launch",
            "More words for the launcher, e.g. \"--bind-to core -H node1:4,node2:4\"", "", false},
           {"output", "output", "Results file, one JSON object a line; appended to", "", false},
           {"help", "output", "Show this text", "", true}},
          100000,
          false,
          run_scale};
}

}  // namespace hourglass
