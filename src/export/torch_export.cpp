#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "data/normalization.hpp"
#include "export/export.hpp"
#include "export/safetensors_file.hpp"
#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

std::string activation_module(Activation activation) {
  switch (activation) {
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
  throw Error(ErrorKind::usage,
              fmt::format("the activation {} has no module in torch.nn", name_of(activation)));
}

bool is_convolution(const ExportStep& step) {
  return step.kind == ExportStep::Kind::convolution ||
         step.kind == ExportStep::Kind::transposed_convolution;
}
bool has_weight(const ExportStep& step) {
  return step.kind == ExportStep::Kind::linear || is_convolution(step);
}

/// Reorders `groups` x places x C x `inner` values to groups x C x places x inner: rows, columns or
/// single values that belong to the places of an image, a series or a volume.
template <class T>
std::vector<T> channels_first(const std::vector<T>& values, Index groups, const ImageShape& image,
                              Index inner) {
  std::vector<T> result;
  result.reserve(values.size());
  const Index places = image.places();
  for (Index g = 0; g < groups; ++g) {
    for (Index c = 0; c < image.channels; ++c) {
      for (Index place = 0; place < places; ++place) {
        const Index from = ((g * places + place) * image.channels + c) * inner;
        result.insert(result.end(), values.begin() + from, values.begin() + from + inner);
      }
    }
  }
  return result;
}

/// The shape of a sample in PyTorch, e.g. C x H x W.
std::vector<Index> torch_shape(const ImageShape& image) {
  std::vector<Index> shape = image.spatial();
  shape.insert(shape.begin(), image.channels);
  return shape;
}

/// A tuple of Python: one number by axis.
template <class Sizes>
std::string tuple(const Sizes& sizes, Index dimensions) {
  const auto used = axes_of(sizes, dimensions);
  return fmt::format("({}{})", fmt::join(used, ", "), used.size() == 1 ? "," : "");
}

/// Makes modules of the steps of encoder and decoder. Images are H x W x C here and C x H x W in
/// PyTorch (series and volumes alike): at the inputs and outputs of convolutions the neighbouring
/// modules (columns or rows of a Linear, a LayerNorm) are reordered. Between modules without
/// convolutions nothing changes.
class TorchModules {
 public:
  explicit TorchModules(const Model& model)
      : model_(model), steps_(export_steps(model, ModelPart::encoder)), file_(model) {
    encoder_steps_ = steps_.size();
    auto decoder = export_steps(model, ModelPart::decoder);
    std::ranges::move(decoder, std::back_inserter(steps_));
    leave_library_out();
  }

  std::string bytes() {
    add_input();
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      if (i == encoder_steps_) end_part();
      add(i);
    }
    end_part();
    describe_border("input", 0);
    describe_border("code", encoder_steps_);
    describe_border("output", steps_.size());
    file_.add_metadata("modules", modules_.dump());
    if (!images_.empty()) file_.add_metadata("images", images_.dump());
    return file_.bytes();
  }

 private:
  /// The image before step i (i = number of steps: after the last one) that a convolution reads or
  /// writes, or that is a sample of data with the channels first, if any: they come first in
  /// PyTorch.
  [[nodiscard]] std::optional<ImageShape> image_at(std::size_t i) const {
    const ExportStep* left = nullptr;
    const ExportStep* right = nullptr;
    for (std::size_t s = i; s-- > 0 && left == nullptr;)
      left = has_weight(steps_[s]) ? &steps_[s] : nullptr;
    for (std::size_t s = i; s < steps_.size() && right == nullptr; ++s)
      right = has_weight(steps_[s]) ? &steps_[s] : nullptr;
    if (left != nullptr && is_convolution(*left)) return left->output_image;
    if (right != nullptr && is_convolution(*right)) return right->input_image;
    const bool of_data = left == nullptr || right == nullptr;
    if (of_data && model_.leading_channels() > 1) return model_.grid();
    return std::nullopt;
  }

  // torch.nn has no module that takes some of the units: the linear one before makes no others.
  void leave_library_out() {
    const auto library =
        std::ranges::find(steps_, ExportStep::Kind::latent_library, &ExportStep::kind);
    if (library == steps_.end()) return;
    ExportStep& posterior = *std::prev(library);
    posterior.outputs = library->outputs;
    posterior.weight.resize(static_cast<std::size_t>(posterior.outputs * posterior.inputs));
    posterior.bias.resize(static_cast<std::size_t>(posterior.outputs));
    steps_.erase(library);
    --encoder_steps_;
  }

  void module(const std::string& text) {
    modules_[part_].push_back(text);
    ++modules_in_part_;
  }

  void tensors(const std::vector<Index>& shape, const std::vector<float>& weight,
               const std::vector<Index>& bias_shape, const std::vector<float>& bias) {
    file_.add(fmt::format("{}.{}.weight", part_, modules_in_part_), shape, weight.data());
    file_.add(fmt::format("{}.{}.bias", part_, modules_in_part_), bias_shape, bias.data());
  }

  void flatten() {
    if (as_image_) module("Flatten()");
    as_image_ = false;
  }

  void end_part() {
    flatten();
    part_ = "decoder";
    modules_in_part_ = 0;
  }

  void add_input() {
    const InputTransform& transform = model_.transform;
    const auto width = model_.network->features();
    const auto image = image_at(0);
    const auto in_order = [&image](const auto& values) {
      return image ? channels_first(values, 1, *image, 1) : values;
    };
    if (treats_missing(model_) && !fed_means(model_).empty())
      file_.add("input.missing_mean", {width}, in_order(fed_means(model_)).data());
    if (transform.mean.empty()) return;
    if (transform.exact_mean.empty()) {
      file_.add("input.mean", {width}, in_order(transform.mean).data());
    } else {
      file_.add("input.mean", {width}, in_order(transform.exact_mean).data());
    }
    file_.add("input.inverse_deviation", {width}, in_order(transform.inverse_deviation).data());
  }

  void describe_border(const char* name, std::size_t i) {
    if (const auto image = image_at(i)) images_[name] = torch_shape(*image);
  }

  void add(std::size_t i) {
    const ExportStep& step = steps_[i];
    switch (step.kind) {
      case ExportStep::Kind::linear:
        return add_linear(step, image_at(i), image_at(i + 1));
      case ExportStep::Kind::convolution:
      case ExportStep::Kind::transposed_convolution:
        return add_convolution(step);
      case ExportStep::Kind::layer_norm:
        return add_layer_norm(step, image_at(i));
      case ExportStep::Kind::activation:
        return module(activation_module(step.activation));
      case ExportStep::Kind::latent_library:
        return;
      case ExportStep::Kind::top_k:
        throw Error(ErrorKind::usage,
                    fmt::format("{} has no module in torch.nn; export onnx instead", step.name));
    }
  }

  void add_linear(const ExportStep& step, const std::optional<ImageShape>& before,
                  const std::optional<ImageShape>& after) {
    flatten();
    std::vector<float> weight = step.weight;
    std::vector<float> bias = step.bias;
    if (before) weight = channels_first(weight, step.outputs, *before, 1);
    if (after) {
      weight = channels_first(weight, 1, *after, step.inputs);
      bias = channels_first(bias, 1, *after, 1);
    }
    tensors({step.outputs, step.inputs}, weight, {step.outputs}, bias);
    module(fmt::format("Linear({}, {})", step.inputs, step.outputs));
  }

  void add_convolution(const ExportStep& step) {
    const ImageShape& image = step.input_image;
    if (!as_image_) module(fmt::format("Unflatten(1, ({}))", fmt::join(torch_shape(image), ", ")));
    as_image_ = true;
    const Window& w = step.window;
    const bool transposed = step.kind == ExportStep::Kind::transposed_convolution;
    const Index inputs = image.channels;
    const Index outputs = step.output_image.channels;
    std::vector<Index> shape = {transposed ? inputs : outputs, transposed ? outputs : inputs};
    std::ranges::copy(axes_of(w.kernel, w.dimensions), std::back_inserter(shape));
    tensors(shape, step.weight, {outputs}, step.bias);
    module(fmt::format("{}{}d({}, {}, {}, {}, {}{})", transposed ? "ConvTranspose" : "Conv",
                       w.dimensions, inputs, outputs, tuple(w.kernel, w.dimensions),
                       tuple(w.stride, w.dimensions), tuple(w.padding, w.dimensions),
                       transposed ? ", " + tuple(w.output_padding, w.dimensions) : ""));
  }

  void add_layer_norm(const ExportStep& step, const std::optional<ImageShape>& image) {
    const auto reordered = [&](const std::vector<float>& values) {
      return image ? channels_first(values, 1, *image, 1) : values;
    };
    const std::vector<Index> shape = as_image_ ? torch_shape(*image) : std::vector{step.outputs};
    tensors(shape, reordered(step.weight), shape, reordered(step.bias));
    module(fmt::format("LayerNorm(({},))", fmt::join(shape, ", ")));
  }

  const Model& model_;
  std::vector<ExportStep> steps_;  // of the encoder, then of the decoder
  std::size_t encoder_steps_ = 0;
  SafetensorsFile file_;
  nlohmann::ordered_json modules_;
  nlohmann::ordered_json images_;
  std::string part_ = "encoder";
  std::size_t modules_in_part_ = 0;
  bool as_image_ = false;  // the current shape is N x C x H x W, not flattened
};

}  // namespace

std::string to_torch(const Model& model) { return TorchModules(model).bytes(); }

}  // namespace hourglass
