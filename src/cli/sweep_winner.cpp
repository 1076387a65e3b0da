#include "cli/sweep_winner.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "config/data_reading.hpp"
#include "config/settings.hpp"
#include "core/counted.hpp"
#include "hdf5/address_list.hpp"
#include "hourglass/core/error.hpp"
#include "system/atomic_file.hpp"
#include "system/byte_file.hpp"
#include "system/child_process.hpp"
#include "system/file_lock.hpp"
#include "system/stop_signal.hpp"

namespace hourglass {

namespace fs = std::filesystem;

namespace {

bool holds_rows_out(const TrainConfig& config) { return config.validation.empty(); }

// The data sets of `text`, each with a path of its own, so that none takes that of a neighbour in
// a longer list.
std::string with_paths(const std::string& text) {
  std::string list;
  for (const DatasetAddress& address : expand_addresses(parse_address(text))) {
    if (address.path.empty() || address.file.find(',') != std::string::npos) {
      throw Error(
          ErrorKind::usage,
          fmt::format("--retrain-winner joins --data and --validation: name the data set in "
                      "{}, as in FILE.h5:/samples",
                      text));
    }
    list += (list.empty() ? "" : ",") + to_string(address);
  }
  return list;
}

}  // namespace

void check_retraining(const TrainConfig& config) {
  if (!has_validation(config)) {
    throw Error(ErrorKind::usage,
                "--retrain-winner trains on the validation samples too: give --validation or "
                "--validation-fraction after --");
  }
  if (config.schedule.name == "plateau") {
    throw Error(ErrorKind::usage,
                "--retrain-winner leaves no validation samples for --schedule plateau: use another "
                "schedule, or leave --retrain-winner out");
  }
  if (holds_rows_out(config)) return;
  for (const auto& [name, used] : {std::pair{"condition", !config.condition.empty()},
                                   {"target", !config.target.empty()},
                                   {"sample-weights", !config.sample_weights.empty()},
                                   {"select-rows", !config.reading.views.rows.empty()},
                                   {"validation-scale", config.validation_scale != 0}}) {
    if (!used) continue;
    throw Error(ErrorKind::usage,
                fmt::format("--retrain-winner cannot append --validation to --data with --{}: use "
                            "--validation-fraction, which holds out rows of --data",
                            name));
  }
  static_cast<void>(with_paths(config.data));
  static_cast<void>(with_paths(config.validation));
}

TrainConfig retraining_config(const TrainConfig& winner, Index epochs) {
  TrainConfig config = winner;
  if (!holds_rows_out(winner))
    config.data = with_paths(winner.data) + "," + with_paths(winner.validation);
  config.validation.clear();
  config.reading.views.split = {};
  config.keep_best = false;
  config.early_stopping = 0;
  config.epochs = epochs;
  return config;
}

std::string retrain_winner(const Sweep& sweep, const TrialRow& winner) {
  const std::string name = fmt::format("winner-{:04}", winner.trial + 1);
  const std::string folder = sweep.output + "/" + name;
  const std::string log = folder + ".log";
  const FileLock lock(sweep.output + "/." + name + ".lock");
  if (!lock.held() || is_written(folder)) return {};
  std::string model = folder + "/model.h5";
  if (fs::exists(model)) return model;
  std::vector<std::string> words = sweep.launcher;
  words.insert(words.end(), {own_path(), "train"});
  if (fs::exists(folder + "/config.cfg")) {
    words.insert(words.end(), {"--resume", folder});
  } else {
    const std::string settings = trial_files(sweep.output, winner.trial).folder + "/config.cfg";
    TrainConfig config;
    apply_text(read_text(settings), settings, config);
    write_text_atomically(folder + ".cfg",
                          to_text(retraining_config(config, winner.model_epoch.value_or(0))));
    // A run that was killed before it had written anything: its empty folder counts as a run.
    std::error_code ignored;
    fs::remove(folder + "/checkpoints", ignored);
    words.insert(words.end(), {"--config", folder + ".cfg", "--output", folder});
  }
  fmt::print("training the winner, trial {:04}, on all samples for {}\n", winner.trial + 1,
             counted(winner.model_epoch.value_or(0), "epoch"));
  std::fflush(stdout);
  const StopSignal stop;
  const ChildExit end = run_child(words, log, lock.descriptor());
  if (end.stopped) {
    throw Error(ErrorKind::stopped,
                "stopped while the winner was trained; the same command continues it");
  }
  if (end.code != 0 || !fs::exists(model)) {
    const std::string message = last_message(log);
    throw Error(end.code != 0 ? kind_of_failure(end.code) : ErrorKind::rank,
                fmt::format("the winner's training failed with exit code {} (see {}); the same "
                            "command retries it{}",
                            end.code, log, message.empty() ? "" : ": " + message));
  }
  return model;
}

}  // namespace hourglass
