#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "cli/anndata_output.hpp"
#include "cli/command.hpp"
#include "cli/inference_output.hpp"
#include "data/labels.hpp"
#include "data/text_values.hpp"
#include "hdf5/address_list.hpp"
#include "hourglass/core/error.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {
namespace {

// Labels lie beside the samples unless they are named. Numbers are copied as they are, whatever
// they mean; texts and categories are numbered.
void find_labels(const Arguments& arguments, const DatasetInfo& samples, bool speaks,
                 OutputPlan& plan) {
  std::optional<DatasetAddress> address;
  if (arguments.has("labels")) {
    address = parse_address(arguments.get("labels"));
    address->options = samples.address.options.without_columns();
  } else {
    const LabelsBeside beside = labels_beside(samples);
    address = beside.address;
    if (speaks && !address && !beside.reason.empty())
      fmt::print("no labels are copied: {}\n", beside.reason);
  }
  if (!address) return;
  const bool one = !names_several(*address);
  const StoredKind kind = one ? stored_kind(*address) : StoredKind::numbers;
  if (kind == StoredKind::texts || kind == StoredKind::categories || !one) {
    Labels labels = read_labels(*address, samples.rows());
    plan.class_names = labels.names;
    if (one || !labels.names.empty()) {
      plan.numbered = std::move(labels);
      return;
    }
  } else {
    plan.class_names = class_names(*address);
  }
  const Index rows = DatasetReader(*address).info().rows();
  if (rows != samples.rows()) {
    throw Error(ErrorKind::data, fmt::format("{}: {} labels for {} samples", to_string(*address),
                                             rows, samples.rows()));
  }
  plan.labels = address;
}

void run_encode(const Arguments& arguments) {
  const auto world = Communicator::world();
  ModelArguments given = read_model_arguments(world, arguments);
  const MatchedData data = open_matched(world, given);
  const Autoencoder& network = *given.model.network;
  OutputPlan plan;
  collectively(world, [&] {
    plan.name = "codes";
    plan.width = network.code_size();
    if (plan_anndata_output(arguments, *data.reader, {"obsm", "X_hourglass"}, plan)) return;
    plan.output = parse_address(arguments.required("output"));
    find_labels(arguments, data.reader->info(), world.is_root(), plan);
  });
  plan.binarize = arguments.flag("binarize");
  write_inference(world, given, data, plan, [&](ConstMatrix x, Workspace& workspace) {
    return network.encode(given.model.parameters.data(), x, workspace);
  });
}

}  // namespace

Command encode_command() {
  std::vector<Option> options = model_options();
  options.push_back({"output", "output",
                     "FILE.h5[:/group] to create; codes go to <group>/codes. FILE.h5ad: a copy of "
                     "the AnnData file with the codes in obsm",
                     "", false});
  for (Option& option : anndata_output_options("X_hourglass")) options.push_back(std::move(option));
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
          "codes.h5[:/group]|codes.h5ad",
          "The codes are the same on any number of ranks and threads.\n",
          options,
          0,
          true,
          run_encode,
          false,
          {"threads", "micro-batch"}};
}

}  // namespace hourglass
