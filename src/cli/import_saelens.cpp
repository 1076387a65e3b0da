#include "cli/import_saelens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/buffer.hpp"
#include "export/saelens_reader.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/core/error.hpp"
#include "run/plain_model.hpp"
#include "system/atomic_file.hpp"

namespace hourglass {

namespace {

TrainConfig configuration_of(const SaelensWeights& weights) {
  TrainConfig config;
  AutoencoderSpec& model = config.model;
  model.encoder = {weights.inputs, weights.units};
  model.decoder = {weights.units, weights.inputs};
  model.output_activation = Activation::linear;
  config.normalize = Normalize::none;
  SelectionSpec& selection = model.sparsity.selection;
  if (weights.architecture == "topk") {
    selection.kind = Selection::top_k;
    selection.k = weights.k;
  } else if (weights.architecture == "jumprelu") {
    selection.kind = Selection::jump_relu;
    model.sparsity.l0 = 1;
  } else {
    selection.kind = weights.architecture == "gated" ? Selection::gated : Selection::relu;
    model.regularization.l1 = 1;
  }
  return config;
}

/// The arena of the network, with b_dec in the encoder's bias where it is applied to inputs too.
Buffer<float> arena_of(SaelensWeights weights, const Autoencoder& network) {
  Buffer<float> arena(network.layout().size());
  std::ranges::fill(arena.span(), 0.0F);
  const auto d = static_cast<std::size_t>(weights.inputs);
  const auto n = static_cast<std::size_t>(weights.units);
  const auto place = [&](const char* name) {
    const auto& tensors = network.layout().tensors();
    const auto found = std::ranges::find(tensors, std::string(name), &Tensor::name);
    require(found != tensors.end(), "a network without a tensor of its own");
    return arena.data() + found->offset;
  };
  float* const encoder = place("encoder/0/weight");
  for (std::size_t j = 0; j < n; ++j) {
    double shift = 0;
    for (std::size_t c = 0; c < d; ++c) {
      const float value = weights.w_enc[c * n + j];
      encoder[j * d + c] = value;
      if (weights.apply_b_dec_to_input)
        shift -= static_cast<double>(value) * static_cast<double>(weights.b_dec[c]);
    }
    add_to_biases(weights, j, shift);
  }
  std::ranges::copy(weights.b_enc, place("encoder/0/bias"));
  if (!weights.r_mag.empty()) {
    std::ranges::copy(weights.r_mag, place("encoder/0/log_magnitude"));
    std::ranges::copy(weights.b_mag, place("encoder/0/magnitude_bias"));
  }
  std::ranges::copy(weights.w_dec, place("decoder/0/weight"));
  std::ranges::copy(weights.b_dec, place("decoder/0/bias"));
  if (weights.threshold.empty()) return arena;
  float* const thresholds = place("encoder/0/log_threshold");
  for (std::size_t j = 0; j < n; ++j) {
    // Units are active above 0 in any case.
    thresholds[j] = std::log(std::max(weights.threshold[j], std::numeric_limits<float>::min()));
  }
  return arena;
}

}  // namespace

bool imports_saelens(const Arguments& arguments) {
  const std::string format = arguments.get("format", "auto");
  return format == "saelens" || (format == "auto" && arguments.positional.size() == 1 &&
                                 is_saelens_folder(arguments.positional.front()));
}

void import_saelens(const Arguments& arguments) {
  if (arguments.positional.size() != 1) {
    throw Error(ErrorKind::usage,
                "name one folder of SAELens: hourglass import FOLDER --format "
                "saelens --output model.h5");
  }
  for (const auto& [name, value] : arguments.values) {
    if (name == "format" || name == "output") continue;
    throw Error(
        ErrorKind::usage,
        fmt::format("--{} is about data, but the source is a model of SAELens: leave it out",
                    name));
  }
  const std::string output = arguments.required("output");
  if (!parse_address(output).path.empty()) {
    throw Error(ErrorKind::usage, fmt::format("a model fills a whole file: use --output {}",
                                              parse_address(output).file));
  }
  require_new(output);
  const SaelensWeights weights = read_saelens(arguments.positional.front());
  const TrainConfig config = configuration_of(weights);
  const Autoencoder network(config.model);
  write_plain_model(output, config, network, arena_of(weights, network).span());
  fmt::print("{} holds a model of {} inputs and {} units, {}\n", output, weights.inputs,
             weights.units, to_string(config.model.sparsity.selection));
}

}  // namespace hourglass
