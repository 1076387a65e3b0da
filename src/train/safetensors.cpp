#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "hourglass/core/error.hpp"
#include "hourglass/train/export.hpp"
#include "hourglass/train/version.hpp"

namespace hourglass {

namespace {

/// A file of this format: eight bytes with the length of a JSON header, the header, the tensors' bytes.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const Model& model) {
    header_["__metadata__"] = {{"format", "pt"},
                               {"producer", version()},
                               {"configuration", model.file.header.configuration},
                               {"weights_digest", model.file.weights_digest},
                               {"input_divisor", fmt::format("{}", model.transform.divisor)}};
    if (model.transform.mean.empty()) return;
    const auto width = static_cast<Index>(model.transform.mean.size());
    add("input.mean", {width}, model.transform.mean.data());
    add("input.inverse_deviation", {width}, model.transform.inverse_deviation.data());
  }

  void describe(const std::string& key, const std::string& value) { header_["__metadata__"][key] = value; }

  void add(const std::string& name, const std::vector<Index>& shape, const float* values) {
    std::size_t count = 1;
    for (const Index extent : shape) count *= static_cast<std::size_t>(extent);
    const std::size_t begin = data_.size();
    data_.append(reinterpret_cast<const char*>(values), count * sizeof(float));
    header_[name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {begin, data_.size()}}};
  }

  [[nodiscard]] std::string bytes() const {
    std::string header = header_.dump();
    header.append((8 - header.size() % 8) % 8, ' ');
    std::string file;
    for (int i = 0; i < 8; ++i) file += static_cast<char>(header.size() >> (8 * i));
    return file + header + data_;
  }

 private:
  nlohmann::ordered_json header_;
  std::string data_;
};

std::string torch_module(const ExportStep& step) {
  switch (step.kind) {
    case ExportStep::Kind::linear:
      return fmt::format("Linear({}, {})", step.inputs, step.outputs);
    case ExportStep::Kind::layer_norm:
      return fmt::format("LayerNorm({})", step.outputs);
    case ExportStep::Kind::activation:
      switch (step.activation) {
        case Activation::linear:
          return "Identity()";
        case Activation::sigmoid:
          return "Sigmoid()";
        case Activation::tanh:
          return "Tanh()";
        case Activation::relu:
          return "ReLU()";
        case Activation::leaky_relu:
          return "LeakyReLU(0.01)";
        case Activation::elu:
          return "ELU()";
        case Activation::selu:
          return "SELU()";
        case Activation::gelu:
          return "GELU()";
        case Activation::softplus:
          return "Softplus()";
        case Activation::silu:
          return "SiLU()";
      }
      break;
    case ExportStep::Kind::top_k:
      break;
    case ExportStep::Kind::convolution:
    case ExportStep::Kind::transposed_convolution:
      throw Error(
          ErrorKind::usage,
          fmt::format("{} is a convolution of images H x W x C, for which torch.nn has no module in a row; export onnx instead",
                      step.name));
  }
  throw Error(ErrorKind::usage, fmt::format("{} has no module in torch.nn; export onnx instead", step.name));
}

}  // namespace

std::string to_safetensors(const Model& model) {
  SafetensorsFile file(model);
  for (const Tensor& tensor : model.network->layout().tensors()) {
    std::string name = tensor.name;
    std::ranges::replace(name, '/', '.');
    file.add(name, tensor.shape, model.parameters.data() + tensor.offset);
  }
  return file.bytes();
}

std::string to_torch(const Model& model) {
  SafetensorsFile file(model);
  nlohmann::ordered_json modules;
  for (const auto& [part, name] : {std::pair{ModelPart::encoder, "encoder"}, {ModelPart::decoder, "decoder"}}) {
    const auto steps = export_steps(model, part);
    for (std::size_t i = 0; i < steps.size(); ++i) {
      const ExportStep& step = steps[i];
      modules[name].push_back(torch_module(step));
      if (step.weight.empty()) continue;
      const bool linear = step.kind == ExportStep::Kind::linear;
      file.add(fmt::format("{}.{}.weight", name, i),
               linear ? std::vector{step.outputs, step.inputs} : std::vector{step.outputs}, step.weight.data());
      file.add(fmt::format("{}.{}.bias", name, i), {step.outputs}, step.bias.data());
    }
  }
  file.describe("modules", modules.dump());
  return file.bytes();
}

}  // namespace hourglass
