#include <cmath>

#include "cli/anndata_output.hpp"
#include "cli/command.hpp"
#include "cli/inference_output.hpp"
#include "cli/table_output.hpp"
#include "cli/window_output.hpp"
#include "data/original_units.hpp"
#include "data/sample_conditions.hpp"
#include "model/autoencoder.hpp"

namespace hourglass {
namespace {

// Puts what is there in the place of its reconstruction.
void keep_present(ConstMatrix x, Matrix y) {
  for (Index r = 0; r < x.rows; ++r) {
    for (Index c = 0; c < x.columns; ++c) {
      if (!std::isnan(x(r, c))) y(r, c) = x(r, c);
    }
  }
}

// The conditions that samples are decoded with, where some are set for all of them; else none.
std::vector<std::int32_t> decoder_conditions(const Arguments& arguments, const Model& model) {
  if (!arguments.has("set-condition")) return {};
  const std::vector<std::int32_t> chosen =
      chosen_categories(arguments.get("set-condition"), model.config.model.conditions);
  std::vector<std::int32_t> table = model.row_conditions;
  for (std::size_t i = 0; i < table.size(); ++i) {
    const std::int32_t category = chosen[i % chosen.size()];
    if (category != unchosen_category) table[i] = category;
  }
  return table;
}

void run_reconstruct(const Arguments& arguments) {
  const auto world = Communicator::world();
  ModelArguments given = read_model_arguments(world, arguments);
  const bool only_missing = arguments.flag("only-missing");
  if (only_missing) collectively(world, [&] { mask_missing(given.model); });
  const MatchedData data = open_matched(world, given);
  const Autoencoder& network = *given.model.network;
  std::vector<std::int32_t> decoding;
  collectively(world, [&] { decoding = decoder_conditions(arguments, given.model); });
  const auto infer = [&](ConstMatrix x, Workspace& workspace) -> ConstMatrix {
    std::span<const std::int32_t> set;
    if (!decoding.empty()) {
      // The same rows of the other table.
      const auto own = workspace.conditions();
      const auto place = static_cast<std::size_t>(own.data() - given.model.row_conditions.data());
      set = std::span(decoding).subspan(place, own.size());
    }
    const ConstMatrix y = network.reconstruct(given.model.parameters.data(), x, workspace, set);
    if (!only_missing) return y;
    const Matrix filled = workspace.output(network.network().layer_count() - 1, x.rows);
    keep_present(x, filled);
    return filled;
  };
  OutputPlan plan;
  collectively(world, [&] {
    if (arguments.has("table") && !arguments.has("output") && !arguments.flag("in-place")) return;
    plan.name = "reconstructions";
    plan.width = network.outputs();
    plan.leading_channels = data.reader->info().leading_channels;
    if (!plan_anndata_output(arguments, *data.reader, {"layers", "hourglass"}, plan))
      plan.output = parse_address(arguments.required("output"));
    plan.original_units = units_from(arguments.get("units", "network")) == Units::data;
  });
  if (arguments.has("table")) write_table(world, given, data, arguments.get("table"), infer);
  if (plan.name.empty()) return;
  if (is_windowed(*data.reader)) {
    write_series_reconstruction(world, given, data, plan, infer);
  } else {
    write_inference(world, given, data, plan, infer);
  }
}

}  // namespace

Command reconstruct_command() {
  std::vector<Option> options = model_options();
  options.push_back({"output", "output",
                     "FILE.h5[:/group] to create; they go to <group>/reconstructions. FILE.h5ad: a "
                     "copy of the AnnData file with them as a layer",
                     "", false});
  for (Option& option : anndata_output_options("hourglass")) options.push_back(std::move(option));
  options.push_back({"set-condition", "input",
                     "NAME=CATEGORY[,...]: decode every sample as one of this category, whatever "
                     "its own is",
                     "", false});
  options.push_back({"only-missing", "output",
                     "Write the reconstruction of missing elements only, and the samples elsewhere",
                     "", true});
  options.push_back({"table", "output",
                     "FILE.csv to create, with the reconstructions in the units and categories of "
                     "the data; with it --output may be left out",
                     "", false});
  options.push_back({"units", "output",
                     "network: normalised, as the network gives them; data: as the data set stores "
                     "its values (float64 where single precision does not hold them)",
                     "network", false});
  options.push_back({"help", "output", "Show this text", "", true});
  return {
      "reconstruct",
      "Write the reconstructions of a data set (N x D, float32), in the units of the network or "
      "of the data",
      "hourglass reconstruct --model run/model.h5 --data FILE.h5:/test/samples --output "
      "out.h5[:/group]|out.h5ad",
      "The reconstructions are the same on any number of ranks and threads.\n",
      options,
      0,
      true,
      run_reconstruct,
      false,
      {"threads", "micro-batch"}};
}

}  // namespace hourglass
