#include <fmt/format.h>

#include <filesystem>

#include "cli/command.hpp"
#include "cli/train_arguments.hpp"
#include "config/settings.hpp"
#include "core/counted.hpp"
#include "core/number_text.hpp"
#include "hdf5/address_list.hpp"
#include "hourglass/core/error.hpp"
#include "run/model_file.hpp"
#include "run/resume_point.hpp"
#include "system/byte_file.hpp"
#include "train/consistency.hpp"
#include "train/trainer.hpp"

namespace hourglass {
namespace {

// Paths are relative to the folder in which the run was started.
void require_reachable(const std::string& data) {
  if (data.empty()) return;
  const DatasetAddress address = parse_address(data);
  if (names_several(address) || names_side_by_side(address)) return;
  const std::filesystem::path file(address.file);
  if (file.is_absolute() || std::filesystem::exists(file)) return;
  throw Error(ErrorKind::io,
              fmt::format("{}: no such file in this folder; resume the run from the folder in "
                          "which it was started, or give the absolute path of the data",
                          address.file));
}

// The settings of the run, with those of the command line that may change on resume.
TrainConfig resumed_run(const Arguments& arguments, const std::string& path,
                        const ResumePoint& point) {
  TrainConfig stored;
  apply_text(point.configuration, point.origin, stored);
  TrainConfig config = stored;
  config.output = path;
  if (arguments.has("config"))
    apply_text(read_text(arguments.get("config")), arguments.get("config"), config);
  apply_arguments(arguments, config);
  if (!is_same_folder(config.output, path)) {
    throw Error(
        ErrorKind::usage,
        fmt::format("--output {} with --resume {}: a resumed run stays in its folder; leave "
                    "--output out (to branch off, copy the folder and resume the copy)",
                    config.output, path));
  }
  config.output = path;
  check_resumable(stored, config);
  return config;
}

// Checked here because ShardPlan knows neither the setting that determines the shards nor whether a
// resumed run may change it.
void check_ranks(const TrainConfig& config, int ranks, bool resumed) {
  const auto refuse = [&](Index shards, const std::string& batch) {
    throw Error(
        ErrorKind::usage,
        fmt::format("{} has {} micro-batches, too few for {} ranks: use at most {}{}", batch,
                    shards, ranks, counted(shards, "rank"),
                    resumed ? "" : ", a larger --pretrain-batch or a smaller --micro-batch"));
  };
  if (config.pretrain.kind != Pretrain::none && config.pretrain.batch > 0 &&
      ranks > config.pretrain_shards())
    refuse(config.pretrain_shards(), "--pretrain-batch " + std::to_string(config.pretrain.batch));
  if (resumed && ranks > config.shards())
    refuse(config.shards(), "the run's --batch " + std::to_string(config.batch));
}

void print_result(const TrainResult& result, const std::string& folder) {
  fmt::print(
      "{}: {} steps, {} samples{}\n",
      result.paused ? fmt::format("paused after epoch {}", result.position.epoch) : "done",
      result.position.step, result.position.samples,
      result.validation_sse ? "; validation sse " + decimal_text(*result.validation_sse, 4) : "");
  fmt::print("{}", result.profile);
  fmt::print("weights digest {}\n", result.weights_digest);
  if (result.paused) {
    fmt::print("checkpoint {}\nnext: hourglass train --resume {}\n", result.model_path, folder);
    return;
  }
  fmt::print(
      "model {}\nnext: hourglass inspect {}   or: hourglass evaluate --model {} --data "
      "FILE.h5:/path/to/samples\n",
      result.model_path, result.model_path, result.model_path);
}

void run_train(const Arguments& arguments) {
  const auto world = Communicator::world();
  TrainConfig config;
  std::optional<ResumePoint> point;
  std::string folder;
  Index pause_after = 0;
  collectively(world, [&] {
    pause_after = arguments.integer("pause-after", 0, 0);
    if (arguments.has("resume")) folder = arguments.required("resume");
    if (folder.empty() && arguments.flag("extend")) {
      throw Error(ErrorKind::usage,
                  "--extend goes on with a run on more samples: give its folder with --resume");
    }
  });
  if (!folder.empty()) {
    point = find_resume_point(world, folder);
    point->extend = arguments.flag("extend");
  }
  collectively(world, [&] {
    config = point ? resumed_run(arguments, folder, *point) : new_run(arguments);
    if (arguments.flag("print-config")) return;
    validate(config);
    check_ranks(config, world.size(), point.has_value());
    if (point) {
      for (const std::string& data :
           {config.data, config.validation, config.target, config.validation_target})
        require_reachable(data);
    }
  });
  if (arguments.flag("print-config")) {
    if (world.is_root()) fmt::print("{}", to_text(config));
    return;
  }
  check_same_everywhere(world, config);
  Trainer trainer(world, config, std::move(point));
  const TrainResult result = trainer.run(pause_after);
  if (world.is_root()) print_result(result, config.output);
}

}  // namespace

Command train_command() {
  return {"train",
          "Train an autoencoder, with checkpoints and resume",
          "mpirun -n RANKS hourglass train --data FILE.h5:/samples --layers 784,1000,500,250,30 "
          "--output run/ [OPTIONS]\n"
          "       mpirun -n RANKS hourglass train --resume run/",
          "SIGINT, SIGTERM and SIGUSR1 stop the run after the current step with a checkpoint (exit "
          "code 75); a second SIGINT stops it at\nonce. The trained weights do not depend on the "
          "number of ranks and threads, nor on interruptions.\n",
          train_options(),
          0,
          true,
          run_train,
          false,
          {"threads", "micro-batch", "memory"}};
}

}  // namespace hourglass
