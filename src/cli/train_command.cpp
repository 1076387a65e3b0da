#include <fmt/format.h>

#include <filesystem>

#include "command.hpp"
#include "hourglass/core/error.hpp"
#include "hourglass/train/model_file.hpp"
#include "hourglass/train/settings.hpp"
#include "hourglass/train/trainer.hpp"
#include "train_arguments.hpp"

namespace hourglass {
namespace {

struct ResumedRun {
  TrainConfig config;
  std::string checkpoint;
  std::vector<std::string> skipped;
};

// The settings come from the checkpoint itself (config.cfg may have been edited); those of the command line that do not shape
// the trajectory replace them.
ResumedRun resumed_run(const Arguments& arguments) {
  ResumedRun run;
  const std::string path = std::filesystem::path(arguments.required("resume")).string();
  const std::string config_path = path + "/config.cfg";
  if (!std::filesystem::exists(config_path)) {
    throw Error(ErrorKind::io, fmt::format("cannot resume {}: it holds no run (config.cfg is missing)", path));
  }
  run.checkpoint = RunFolder(path).newest_valid(run.skipped);
  TrainConfig stored;
  if (run.checkpoint.empty()) {
    apply_text(read_text(config_path), config_path, stored);
  } else {
    apply_text(read_state_file(run.checkpoint).header.configuration, run.checkpoint, stored);
  }
  run.config = stored;
  if (arguments.has("config")) apply_text(read_text(arguments.get("config")), arguments.get("config"), run.config);
  apply_arguments(arguments, run.config);
  run.config.output = path;
  check_resumable(stored, run.config);
  return run;
}

void print_result(const TrainResult& result) {
  fmt::print("done: {} steps, {} samples seen{}\n", result.position.step, result.position.samples,
             result.validation_sse ? fmt::format("; validation sse {:.4f}", *result.validation_sse) : "");
  fmt::print("{}", result.profile);
  fmt::print("weights digest {}\n", result.weights_digest);
  fmt::print("model {}\nnext: hourglass inspect {}   or: hourglass evaluate --model {} --data FILE.h5:/path/to/samples\n",
             result.model_path, result.model_path, result.model_path);
}

void run_train(const Arguments& arguments) {
  const auto world = Communicator::world();
  TrainConfig config;
  std::optional<std::string> checkpoint;
  collectively(world, [&] {
    if (arguments.has("resume")) {
      ResumedRun resumed = resumed_run(arguments);
      config = resumed.config;
      checkpoint = resumed.checkpoint;
      if (world.is_root()) {
        for (const std::string& reason : resumed.skipped) fmt::print("passed over a checkpoint: {}\n", reason);
        fmt::print("resuming {} from {}\n", config.output, checkpoint->empty() ? "its beginning" : *checkpoint);
      }
    } else {
      config = new_run(arguments);
    }
    if (!arguments.flag("print-config")) validate(config);
  });
  if (arguments.flag("print-config")) {
    if (world.is_root()) fmt::print("{}", to_text(config));
    return;
  }
  check_same_everywhere(world, config);
  Trainer trainer(world, config, checkpoint);
  const TrainResult result = trainer.run();
  if (world.is_root()) print_result(result);
}

}  // namespace

Command train_command() {
  return {"train",
          "Train an autoencoder; checkpoints and resumes",
          "mpirun -n RANKS hourglass train --data FILE.h5:/samples --layers 784,1000,500,250,30 --output run/ [OPTIONS]\n"
          "       mpirun -n RANKS hourglass train --resume run/",
          "SIGINT, SIGTERM and SIGUSR1 stop at the next step with a checkpoint (exit code 75); a second SIGINT stops at once.\n"
          "The trained weights do not depend on the number of ranks or threads, nor on being stopped and resumed.\n",
          train_options(),
          0,
          true,
          run_train};
}

}  // namespace hourglass
