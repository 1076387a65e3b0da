#include "cli/command.hpp"
#include "cli/inference_output.hpp"
#include "cli/window_output.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {
namespace {

void run_reconstruct(const Arguments& arguments) {
  const auto world = Communicator::world();
  const ModelArguments given = read_model_arguments(world, arguments);
  const auto reader = open_everywhere(world, given.data, given.reading);
  const Autoencoder& network = *given.model.network;
  OutputPlan plan;
  collectively(world, [&] {
    check_features(reader->info(), network.features());
    plan = {parse_address(arguments.required("output")), "reconstructions", network.features(),
            std::nullopt};
  });
  if (is_windowed(*reader)) return write_series_reconstruction(world, given, *reader, plan.output);
  write_inference(world, given, *reader, plan, [&](ConstMatrix x, Workspace& workspace) {
    return network.reconstruct(given.model.parameters.data(), x, workspace);
  });
}

}  // namespace

Command reconstruct_command() {
  std::vector<Option> options = model_options();
  options.push_back({"output", "output",
                     "FILE.h5[:/group] to create; they go to <group>/reconstructions", "", false});
  options.push_back({"help", "output", "Show this text", "", true});
  return {"reconstruct",
          "Write the reconstructions of a data set (N x D, float32), in the units of the network's "
          "input",
          "hourglass reconstruct --model run/model.h5 --data FILE.h5:/test/samples --output "
          "out.h5[:/group]",
          "The reconstructions are the same on any number of ranks and threads.\n",
          options,
          0,
          true,
          run_reconstruct,
          false,
          {"threads", "micro-batch"}};
}

}  // namespace hourglass
