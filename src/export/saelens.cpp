#include "export/saelens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "export/safetensors_file.hpp"
#include "hourglass/core/error.hpp"
#include "model/autoencoder.hpp"
#include "run/version.hpp"

namespace hourglass {

namespace {

[[noreturn]] void refuse(const Model& model, const std::string& reason) {
  throw Error(ErrorKind::usage, fmt::format("{}: SAELens' layout holds sparse codes between one "
                                            "dense layer on either side: {}",
                                            model.file.path, reason));
}

std::vector<float> tensor(const Model& model, const std::string& name) {
  const auto& tensors = model.network->layout().tensors();
  const auto found = std::ranges::find(tensors, name, &Tensor::name);
  if (found == tensors.end()) return {};
  const float* const begin = model.parameters.data() + found->offset;
  return {begin, begin + found->size};
}

std::vector<float> transposed(const std::vector<float>& values, Index rows, Index columns) {
  std::vector<float> result(values.size());
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < columns; ++c)
      result[static_cast<std::size_t>(c * rows + r)] =
          values[static_cast<std::size_t>(r * columns + c)];
  }
  return result;
}

// The selection: architecture, k and thresholds.
void describe_code(const Model& model, SaelensWeights& weights) {
  const AutoencoderSpec& spec = model.network->spec();
  const Regularization& r = spec.regularization;
  const Selection kind = spec.sparsity.selection.kind;
  if (kind == Selection::top_k) {
    weights.architecture = "topk";
    weights.k = spec.sparsity.selection.k;
  } else if (kind == Selection::jump_relu) {
    weights.architecture = "jumprelu";
    weights.threshold = tensor(model, "encoder/0/log_threshold");
    for (float& value : weights.threshold) value = std::exp(value);
  } else if (kind == Selection::batch_top_k) {
    // Outside of training its units are those above one threshold, as SAELens stores it too.
    weights.architecture = "jumprelu";
    weights.threshold.assign(static_cast<std::size_t>(weights.units),
                             tensor(model, "encoder/0/threshold").at(0));
  } else if (kind == Selection::relu) {
    weights.architecture = "standard";
  } else if (kind == Selection::none && spec.code_activation == Activation::relu) {
    weights.architecture = r.k_sparse > 0 ? "topk" : "standard";
    weights.k = std::min<Index>(weights.units,
                                std::llround(r.k_sparse_alpha * static_cast<double>(r.k_sparse)));
  } else if (kind == Selection::gated) {
    weights.architecture = "gated";
    weights.r_mag = tensor(model, "encoder/0/log_magnitude");
    weights.b_mag = tensor(model, "encoder/0/magnitude_bias");
  } else {
    refuse(model, "train with --sparsity, or --code-activation relu");
  }
}

void check(const Model& model) {
  const AutoencoderSpec& spec = model.network->spec();
  if (model.has_target()) refuse(model, "this model was trained with --target");
  if (spec.encoder.size() != 2 || spec.decoder.size() != 2)
    refuse(model, "use --layers INPUTS,UNITS without --decoder-layers");
  for (const LayerList* layers : {&spec.encoder, &spec.decoder}) {
    if (layers->back().kind != LayerSpec::Kind::dense) refuse(model, "this model has convolutions");
  }
  if (spec.output_activation != Activation::linear) refuse(model, "use --output-activation linear");
  if (!spec.conditions.empty()) refuse(model, "this model has conditions");
  if (spec.layer_norm || spec.missing_indicator || spec.regularization.variational ||
      spec.counts != Counts::none || logits_per_feature(spec.loss) > 1) {
    refuse(model, "train without --layer-norm, --missing-indicator, --variational and counts");
  }
}

// x_network = scale[c] x + shift[c].
struct InputMap {
  std::vector<double> scale;
  std::vector<double> shift;
};

InputMap input_map(const InputTransform& transform, Index inputs) {
  InputMap map;
  for (std::size_t c = 0; c < static_cast<std::size_t>(inputs); ++c) {
    const bool plain = transform.mean.empty();
    const double factor = plain ? 1.0 : static_cast<double>(transform.inverse_deviation[c]);
    const double mean = plain                          ? 0.0
                        : transform.exact_mean.empty() ? static_cast<double>(transform.mean[c])
                                                       : transform.exact_mean[c];
    map.scale.push_back(factor / transform.divisor);
    map.shift.push_back(-mean * factor);
  }
  return map;
}

}  // namespace

void add_to_biases(SaelensWeights& weights, std::size_t unit, double shift) {
  float& bias = weights.b_enc[unit];
  bias = static_cast<float>(static_cast<double>(bias) + shift);
  if (weights.b_mag.empty()) return;
  float& magnitude_bias = weights.b_mag[unit];
  magnitude_bias = static_cast<float>(static_cast<double>(magnitude_bias) +
                                      std::exp(static_cast<double>(weights.r_mag[unit])) * shift);
}

SaelensWeights saelens_weights(const Model& model) {
  check(model);
  const AutoencoderSpec& spec = model.network->spec();
  SaelensWeights weights;
  weights.inputs = model.network->features();
  weights.units = model.network->code_size();
  describe_code(model, weights);
  const auto d = static_cast<std::size_t>(weights.inputs);
  const auto n = static_cast<std::size_t>(weights.units);
  std::vector<float> encoder = tensor(model, "encoder/0/weight");  // n x d
  std::vector<float> decoder = tensor(model, "decoder/0/weight");
  if (decoder.empty()) {
    decoder = encoder;  // tied
  } else if (!spec.sparsity.on()) {
    decoder = transposed(decoder, weights.inputs, weights.units);
  }
  weights.b_enc = tensor(model, "encoder/0/bias");
  weights.b_dec = tensor(model, "decoder/0/bias");
  const InputMap map = input_map(model.transform, weights.inputs);
  // W (x - b) + a = W x + (a - W b), and so with the magnitudes' bias, times exp(r_mag).
  const bool centred = spec.dictionary.pre_bias != PreBias::none;
  for (std::size_t j = 0; j < n; ++j) {
    double shift = 0;
    for (std::size_t c = 0; c < d; ++c) {
      float& in = encoder[j * d + c];
      float& out = decoder[j * d + c];
      const double centre = centred ? static_cast<double>(weights.b_dec[c]) : 0.0;
      shift += static_cast<double>(in) * (map.shift[c] - centre);
      in = static_cast<float>(static_cast<double>(in) * map.scale[c]);
      out = static_cast<float>(static_cast<double>(out) / map.scale[c]);
    }
    add_to_biases(weights, j, shift);
  }
  for (std::size_t c = 0; c < d; ++c) {
    const double value = static_cast<double>(weights.b_dec[c]) - map.shift[c];
    weights.b_dec[c] = static_cast<float>(value / map.scale[c]);
  }
  weights.w_enc = transposed(encoder, weights.units, weights.inputs);
  weights.w_dec = std::move(decoder);
  return weights;
}

std::string saelens_configuration(const SaelensWeights& weights) {
  nlohmann::ordered_json json;
  json["architecture"] = weights.architecture;
  json["d_in"] = weights.inputs;
  json["d_sae"] = weights.units;
  if (weights.k > 0) {
    json["k"] = weights.k;
    json["activation_fn"] = "topk";
    json["activation_fn_kwargs"] = {{"k", weights.k}};
    json["rescale_acts_by_decoder_norm"] = false;
  } else {
    json["activation_fn"] = "relu";
    json["activation_fn_kwargs"] = nlohmann::ordered_json::object();
  }
  json["dtype"] = "float32";
  json["device"] = "cpu";
  json["apply_b_dec_to_input"] = weights.apply_b_dec_to_input;
  json["normalize_activations"] = "none";
  json["reshape_activations"] = "none";
  json["finetuning_scaling_factor"] = false;
  json["metadata"] = {{"producer", version()}};
  return json.dump(2) + "\n";
}

std::string saelens_tensors(const SaelensWeights& weights) {
  SafetensorsFile file;
  const std::vector<Index> by_input = {weights.inputs, weights.units};
  const std::vector<Index> by_unit = {weights.units, weights.inputs};
  file.add("W_dec", by_unit, weights.w_dec.data());
  file.add("W_enc", by_input, weights.w_enc.data());
  file.add("b_dec", {weights.inputs}, weights.b_dec.data());
  if (weights.r_mag.empty()) {
    file.add("b_enc", {weights.units}, weights.b_enc.data());
  } else {
    file.add("b_gate", {weights.units}, weights.b_enc.data());
    file.add("b_mag", {weights.units}, weights.b_mag.data());
    file.add("r_mag", {weights.units}, weights.r_mag.data());
  }
  if (!weights.threshold.empty()) file.add("threshold", {weights.units}, weights.threshold.data());
  return file.bytes();
}

}  // namespace hourglass
