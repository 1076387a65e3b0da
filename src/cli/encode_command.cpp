#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "cli/command.hpp"
#include "cli/inference_output.hpp"
#include "data/labels.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {
namespace {

// Labels lie beside the samples unless they are named.
std::optional<DatasetAddress> find_labels(const Arguments& arguments, const DatasetInfo& samples) {
  if (arguments.has("labels")) return labels_at(arguments.get("labels"), samples);
  return labels_beside(samples);
}

void run_encode(const Arguments& arguments) {
  const auto world = Communicator::world();
  const ModelArguments given = read_model_arguments(world, arguments);
  const auto reader = open_everywhere(world, given.data, given.reading);
  const Autoencoder& network = *given.model.network;
  OutputPlan plan;
  collectively(world, [&] {
    check_features(reader->info(), network.features());
    plan = {parse_address(arguments.required("output")), "codes", network.code_size(),
            find_labels(arguments, reader->info())};
  });
  plan.binarize = arguments.flag("binarize");
  write_inference(world, given, *reader, plan, [&](ConstMatrix x, Workspace& workspace) {
    return network.encode(given.model.parameters.data(), x, workspace);
  });
}

}  // namespace

Command encode_command() {
  std::vector<Option> options = model_options();
  options.push_back(
      {"output", "output", "FILE.h5[:/group] to create; codes go to <group>/codes", "", false});
  options.push_back({"binarize", "output",
                     "Binary codes, 1 where a unit exceeds 0.5 (semantic hashing): N x ceil(d/8) "
                     "uint8, unit j in bit j mod 8 of byte j/8",
                     "", true});
  options.push_back(
      {"labels", "input", "Labels to copy to <group>/labels", "labels beside the samples", false});
  options.push_back({"help", "output", "Show this text", "", true});
  return {"encode",
          "Write the codes of a data set (N x d, float32) and copy its labels",
          "hourglass encode --model run/model.h5 --data FILE.h5:/test/samples --output "
          "codes.h5[:/group]",
          "The codes are the same on any number of ranks and threads.\n",
          options,
          0,
          true,
          run_encode,
          false,
          {"threads", "micro-batch"}};
}

}  // namespace hourglass
