#include "cli/commands.hpp"

#include <fmt/format.h>

#include "core/edit_distance.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

std::vector<Command> commands() {
  std::vector<Command> all = {
      import_command(),  generate_command(), train_command(),       show_command(),
      report_command(),  compare_command(),  watch_command(),       evaluate_command(),
      score_command(),   encode_command(),   reconstruct_command(), sample_command(),
      inspect_command(), export_command(),   average_command(),     pca_command(),
      probe_command(),   sweep_command(),    scale_command(),       scale_worker_command(),
      doctor_command(),  man_command(),      completion_command()};
  for (Command& command : all) {
    if (!command.uses_mpi) continue;
    command.options.push_back(
        {"launcher", "launch",
         "Several processes that srun or mpirun started and MPI does not connect: auto refuses "
         "to run, none runs each on its own",
         "auto", false});
  }
  return all;
}

const Command& find_command(const std::vector<Command>& all, const std::string& name) {
  std::vector<std::string> names;
  for (const Command& command : all) {
    if (command.name == name) return command;
    if (!command.hidden) names.push_back(command.name);
  }
  throw Error(ErrorKind::usage,
              fmt::format("unknown command '{}'{}", name, suggestion(name, names)) +
                  "; see hourglass --help");
}

std::string program_help() {
  std::string text =
      "hourglass trains autoencoders on MPI clusters: the same bits on any number of ranks and "
      "threads.\n\n"
      "usage: hourglass COMMAND [OPTIONS]          or: mpirun -n RANKS hourglass COMMAND "
      "[OPTIONS]\n\ncommands:\n";
  for (const Command& command : commands()) {
    if (!command.hidden) text += fmt::format("  {:<13}{}\n", command.name, command.summary);
  }
  text +=
      "\nSee hourglass COMMAND --help for a command's options, hourglass --version for the "
      "libraries.\n\nfirst steps:\n  data/fashion-mnist.sh fashion-mnist.h5\n  mpirun -n 2 "
      "hourglass train --data fashion-mnist.h5:/train/samples --validation "
      "fashion-mnist.h5:/test/samples \\\n      --layers 784,1000,500,250,30 --output run/\n  "
      "hourglass evaluate --model run/model.h5 --data fashion-mnist.h5:/test/samples\n";
  return text;
}

std::string command_help(const Command& command) {
  return fmt::format("{}\n\nusage: {}\n{}{}{}", command.summary, command.usage,
                     help_text(command.options), command.details.empty() ? "" : "\n",
                     command.details);
}

}  // namespace hourglass
