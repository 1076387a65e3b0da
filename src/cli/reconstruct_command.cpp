#include "cli/command.hpp"
#include "cli/inference_output.hpp"
#include "cli/table_output.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {
namespace {

void run_reconstruct(const Arguments& arguments) {
  const auto world = Communicator::world();
  const ModelArguments given = read_model_arguments(world, arguments);
  const auto reader = open_everywhere(world, given.data, given.reading);
  const Autoencoder& network = *given.model.network;
  const auto infer = [&](ConstMatrix x, Workspace& workspace) {
    return network.reconstruct(given.model.parameters.data(), x, workspace);
  };
  OutputPlan plan;
  collectively(world, [&] {
    check_features(reader->info(), network.features());
    if (arguments.has("table") && !arguments.has("output")) return;
    plan = {parse_address(arguments.required("output")), "reconstructions", network.features(),
            std::nullopt};
  });
  if (arguments.has("table")) write_table(world, given, *reader, arguments.get("table"), infer);
  if (!plan.name.empty()) write_inference(world, given, *reader, plan, infer);
}

}  // namespace

Command reconstruct_command() {
  std::vector<Option> options = model_options();
  options.push_back({"output", "output",
                     "FILE.h5[:/group] to create; they go to <group>/reconstructions", "", false});
  options.push_back({"table", "output",
                     "FILE.csv to create, with the reconstructions in the units and categories of "
                     "the data; with it --output may be left out",
                     "", false});
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
