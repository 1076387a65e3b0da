#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "export/export.hpp"
#include "export/safetensors_file.hpp"
#include "hourglass/core/error.hpp"
#include "nn/layer_norm.hpp"

namespace hourglass {

namespace {

using Json = nlohmann::ordered_json;

// The names of tensors in the file.
std::string with_dots(std::string name) {
  std::ranges::replace(name, '/', '.');
  return name;
}

Json extents(const ImageShape& image, Index dimensions) {
  Json shape = axes_of(image.extents(), dimensions);
  shape.push_back(image.channels);
  return shape;
}

// Describes steps by the tensors that the file has, where export_steps() gives their numbers.
class LayerDescriptions {
 public:
  explicit LayerDescriptions(const Model& model) : model_(model), spec_(model.network->spec()) {}

  [[nodiscard]] Json of(ModelPart part) const {
    Json list = Json::array();
    for (const ExportStep& step : export_steps(model_, part)) list.push_back(described(step));
    return list;
  }

 private:
  [[nodiscard]] bool has_tensor(const std::string& name) const {
    const auto& tensors = model_.network->layout().tensors();
    return std::ranges::find(tensors, name, &Tensor::name) != tensors.end();
  }

  // Of a tied decoder, that of the encoder's layer.
  [[nodiscard]] std::string weight_of(const ExportStep& step) const {
    if (has_tensor(step.name + "/weight")) return with_dots(step.name + "/weight");
    const auto number = std::stoul(step.name.substr(step.name.find('/') + 1));
    return "encoder." + std::to_string(spec_.encoder.size() - 2 - number) + ".weight";
  }

  [[nodiscard]] Json described(const ExportStep& step) const {
    switch (step.kind) {
      case ExportStep::Kind::activation:
        return {{"type", "activation"}, {"function", name_of(step.activation)}};
      case ExportStep::Kind::layer_norm:
        return {{"type", "layer-norm"},
                {"weight", with_dots(step.name + "/gain")},
                {"bias", with_dots(step.name + "/shift")},
                {"outputs", step.outputs},
                {"epsilon", LayerNorm::epsilon}};
      case ExportStep::Kind::top_k:
        return {{"type", "top-k"}, {"k", step.k}};
      case ExportStep::Kind::latent_library:
        return {{"type", "latent-library"}, {"outputs", step.outputs}};
      case ExportStep::Kind::linear:
        return linear(step);
      case ExportStep::Kind::convolution:
      case ExportStep::Kind::transposed_convolution:
        return convolution(step);
    }
    throw Error(ErrorKind::bug, "internal error: a step of unknown kind");
  }

  [[nodiscard]] Json linear(const ExportStep& step) const {
    const bool transposed =
        !has_tensor(step.name + "/weight") || (spec_.sparsity.on() && step.name == "decoder/0");
    Json layer = {{"type", "linear"},
                  {"weight", weight_of(step)},
                  {"bias", with_dots(step.name + "/bias")},
                  {"inputs", step.inputs},
                  {"outputs", step.outputs},
                  {"transposed", transposed}};
    if (spec_.dictionary.pre_bias != PreBias::none && step.name == "encoder/0") {
      const Architecture& architecture = model_.network->architecture();
      layer["centre"] = with_dots(model_.network->layout().tensor(architecture.pre_bias).name);
    }
    return layer;
  }

  [[nodiscard]] Json convolution(const ExportStep& step) const {
    const Window& window = step.window;
    const Index axes = window.dimensions;
    Json layer = {{"type", step.kind == ExportStep::Kind::convolution ? "convolution"
                                                                      : "transposed-convolution"},
                  {"weight", weight_of(step)},
                  {"bias", with_dots(step.name + "/bias")},
                  {"input", extents(step.input_image, axes)},
                  {"output", extents(step.output_image, axes)},
                  {"kernel", axes_of(window.kernel, axes)},
                  {"stride", axes_of(window.stride, axes)},
                  {"padding", axes_of(window.padding, axes)}};
    if (step.kind == ExportStep::Kind::transposed_convolution)
      layer["output_padding"] = axes_of(window.output_padding, axes);
    return layer;
  }

  const Model& model_;
  const AutoencoderSpec& spec_;
};

// Nothing for models with layers that only this program has.
std::optional<std::string> layers_text(const Model& model) {
  try {
    const LayerDescriptions list(model);
    const Json layers = {{"encoder", list.of(ModelPart::encoder)},
                         {"decoder", list.of(ModelPart::decoder)}};
    return layers.dump();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) throw;
    return std::nullopt;
  }
}

std::string normalization_text(const Model& model) {
  const InputTransform& transform = model.transform;
  Json text = {{"divisor", transform.divisor}};
  if (!transform.mean.empty()) {
    text["mean"] = "input.mean";
    text["inverse_deviation"] = "input.inverse_deviation";
    text["limit"] = most_deviations;
  }
  if (model.leading_channels() > 1) text["channels_first"] = model.leading_channels();
  if (treats_missing(model)) {
    text["missing_values"] = model.config.missing_values;
    if (!fed_means(model).empty()) text["missing_mean"] = "input.missing_mean";
  }
  return text.dump();
}

}  // namespace

std::string to_safetensors(const Model& model) {
  SafetensorsFile file(model);
  if (const auto layers = layers_text(model)) file.add_metadata("layers", *layers);
  file.add_metadata("normalization", normalization_text(model));
  if (treats_missing(model) && !fed_means(model).empty()) {
    const std::vector<float>& means = fed_means(model);
    file.add("input.missing_mean", {static_cast<Index>(means.size())}, means.data());
  }
  if (!model.transform.mean.empty()) {
    const auto width = static_cast<Index>(model.transform.mean.size());
    if (model.transform.exact_mean.empty()) {
      file.add("input.mean", {width}, model.transform.mean.data());
    } else {
      file.add("input.mean", {width}, model.transform.exact_mean.data());
    }
    file.add("input.inverse_deviation", {width}, model.transform.inverse_deviation.data());
  }
  if (model.network->spec().dictionary.pre_bias != PreBias::none) {
    const Slot slot = model.network->architecture().pre_bias;
    file.add_metadata("pre_bias", with_dots(model.network->layout().tensor(slot).name));
  }
  for (const Tensor& tensor : model.network->layout().tensors())
    file.add(with_dots(tensor.name), tensor.shape, model.parameters.data() + tensor.offset);
  return file.bytes();
}

}  // namespace hourglass
