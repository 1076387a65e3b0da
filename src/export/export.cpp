#include "export/export.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hourglass/core/error.hpp"
#include "model/autoencoder.hpp"
#include "model/regularization.hpp"
#include "nn/activation_layer.hpp"
#include "nn/convolution.hpp"
#include "nn/dense.hpp"
#include "nn/gaussian_sample.hpp"
#include "nn/gene_dispersion.hpp"
#include "nn/latent_library.hpp"
#include "nn/layer_norm.hpp"
#include "nn/noise.hpp"
#include "nn/sparse_decoder.hpp"
#include "nn/sparse_encoder.hpp"
#include "nn/top_k.hpp"

namespace hourglass {

namespace {

/// Turns the layers of a network into steps, named like their tensors.
class StepBuilder {
 public:
  explicit StepBuilder(const Model& model)
      : model_(model),
        spec_(model.network->spec()),
        encoder_shapes_(unit_shapes(spec_.encoder, "layers")),
        decoder_shapes_(unit_shapes(spec_.decoder, "decoder-layers")) {}

  /// Encoder and decoder, one after the other.
  std::pair<std::vector<ExportStep>, std::vector<ExportStep>> steps() {
    if (spec_.missing_indicator) {
      throw Error(ErrorKind::usage,
                  fmt::format("{}: was trained with --missing-indicator, whose inputs exported "
                              "files do not have; train without it",
                              model_.file.path));
    }
    const Network& network = model_.network->network();
    for (Index i = 0; i < network.layer_count(); ++i) {
      const Layer* next = i + 1 < network.layer_count() ? &network.layer(i + 1) : nullptr;
      add(network.layer(i), next, i);
    }
    if (spec_.output_activation != Activation::linear) {
      add_activation(decoder_, spec_.output_activation, model_.network->outputs());
    }
    return {std::move(encoder_), std::move(decoder_)};
  }

 private:
  [[nodiscard]] Index encoder_layers() const {
    return static_cast<Index>(spec_.encoder.size()) - 1;
  }
  std::vector<ExportStep>& part() { return linear_ > encoder_layers() ? decoder_ : encoder_; }

  void add(const Layer& layer, const Layer* next, Index number) {
    if (const auto* dense = dynamic_cast<const Dense*>(&layer)) {
      add_dense(*dense, dynamic_cast<const GaussianSample*>(next) != nullptr);
    } else if (const auto* encoder = dynamic_cast<const SparseEncoder*>(&layer);
               encoder != nullptr && is_exported(encoder->selection().kind)) {
      add_sparse_encoder(*encoder);
    } else if (const auto* decoder = dynamic_cast<const SparseDecoder*>(&layer)) {
      ExportStep step = begin_linear(*decoder);
      step.weight = transposed(step.weight, step.inputs, step.outputs);
      const Index outputs = step.outputs;
      part().push_back(std::move(step));
      add_activation(part(), decoder->activation(), outputs);
    } else if (const auto* convolution = dynamic_cast<const Convolution*>(&layer)) {
      add_convolution(*convolution);
    } else if (const auto* activation = dynamic_cast<const ActivationLayer*>(&layer)) {
      add_activation(part(), activation->activation(), layer.outputs());
    } else if (dynamic_cast<const LayerNorm*>(&layer) != nullptr) {
      ExportStep step;
      step.kind = ExportStep::Kind::layer_norm;
      step.name = name_ + "/norm";
      step.inputs = step.outputs = layer.outputs();
      step.weight = repeated(tensor(step.name + "/gain"), step.outputs);
      step.bias = repeated(tensor(step.name + "/shift"), step.outputs);
      part().push_back(std::move(step));
    } else if (dynamic_cast<const TopK*>(&layer) != nullptr) {
      const Regularization& regularization = spec_.regularization;
      const auto k = std::llround(regularization.k_sparse_alpha *
                                  static_cast<double>(regularization.k_sparse));
      add_top_k(k, layer.outputs());
    } else if (dynamic_cast<const LatentLibrary*>(&layer) != nullptr) {
      ExportStep step;
      step.kind = ExportStep::Kind::latent_library;
      step.name = "library";
      step.inputs = layer.inputs();
      step.outputs = layer.outputs();
      part().push_back(std::move(step));
    } else if (dynamic_cast<const NoiseLayer*>(&layer) == nullptr &&
               dynamic_cast<const GaussianSample*>(&layer) == nullptr &&
               dynamic_cast<const GeneDispersion*>(&layer) == nullptr) {
      throw Error(
          ErrorKind::usage,
          fmt::format("{}: layer {} ({} to {} units) is of a kind that cannot be exported; "
                      "fully connected ones, convolutions, "
                      "layer normalisation, activations and codes of --k-sparse, --sparsity topk "
                      "and l1 can",
                      model_.file.path, number, layer.inputs(), layer.outputs()));
    }
  }

  /// The next layer with a weight: its name, shape and parameters.
  ExportStep begin_linear(const Layer& layer) {
    ++linear_;
    const bool in_decoder = linear_ > encoder_layers();
    const Index number = in_decoder ? linear_ - encoder_layers() - 1 : linear_ - 1;
    name_ = fmt::format("{}/{}", in_decoder ? "decoder" : "encoder", number);
    const auto at = static_cast<std::size_t>(number);
    const auto& shapes = in_decoder ? decoder_shapes_ : encoder_shapes_;
    const LayerSpec& spec = (in_decoder ? spec_.decoder : spec_.encoder)[at + 1];
    ExportStep step;
    step.name = name_;
    step.inputs = layer.inputs();
    step.outputs = layer.outputs();
    step.bias = tensor(name_ + "/bias");
    step.input_image = shapes[at].image;
    step.output_image = shapes[at + 1].image;
    step.window = spec.window;
    if (spec.kind == LayerSpec::Kind::convolution) step.kind = ExportStep::Kind::convolution;
    if (spec.kind == LayerSpec::Kind::transposed_convolution)
      step.kind = ExportStep::Kind::transposed_convolution;
    tied_ = !has_tensor(name_ + "/weight");
    step.weight = tensor(tied_ ? fmt::format("encoder/{}/weight", encoder_layers() - 1 - number)
                               : name_ + "/weight");
    return step;
  }

  void add_dense(const Dense& dense, bool variational) {
    ExportStep step = begin_linear(dense);
    if (tied_) step.weight = transposed(step.weight, step.inputs, step.outputs);
    if (variational) keep_outputs(step, step.outputs / 2);  // (mu, ln sigma^2): the code is mu
    const bool last = linear_ == encoder_layers() + static_cast<Index>(spec_.decoder.size()) - 1;
    // Of counts, the means come first.
    if (last) keep_outputs(step, std::min(step.outputs, model_.network->features()));
    const Index outputs = step.outputs;
    part().push_back(std::move(step));
    add_activation(part(), dense.activation(), outputs);
  }

  static bool is_exported(Selection kind) {
    return kind == Selection::top_k || kind == Selection::relu;
  }

  void add_sparse_encoder(const SparseEncoder& encoder) {
    ExportStep linear = begin_linear(encoder);  // before part(): it counts the layer
    part().push_back(std::move(linear));
    add_activation(part(), Activation::relu, encoder.outputs());
    if (encoder.selection().kind == Selection::top_k)
      add_top_k(encoder.selection().k, encoder.outputs());
  }

  void add_top_k(Index k, Index width) {
    ExportStep step;
    step.kind = ExportStep::Kind::top_k;
    step.name = "top-k";
    step.inputs = step.outputs = width;
    step.k = std::min<Index>(k, width);
    part().push_back(std::move(step));
  }

  // A convolution and the transposed one that mirrors it have the same weight in the same order.
  void add_convolution(const Convolution& convolution) {
    ExportStep step = begin_linear(convolution);  // before part(): it counts the layer
    part().push_back(std::move(step));
    add_activation(part(), convolution.activation(), convolution.outputs());
  }

  static void add_activation(std::vector<ExportStep>& steps, Activation activation, Index width) {
    if (activation == Activation::linear) return;
    ExportStep step;
    step.kind = ExportStep::Kind::activation;
    step.name = name_of(activation);
    step.inputs = step.outputs = width;
    step.activation = activation;
    steps.push_back(std::move(step));
  }

  [[nodiscard]] const Tensor* find(const std::string& name) const {
    const auto& tensors = model_.network->layout().tensors();
    const auto found = std::ranges::find(tensors, name, &Tensor::name);
    return found == tensors.end() ? nullptr : &*found;
  }
  [[nodiscard]] bool has_tensor(const std::string& name) const { return find(name) != nullptr; }
  [[nodiscard]] std::vector<float> tensor(const std::string& name) const {
    const Tensor* found = find(name);
    if (found == nullptr) throw Error(ErrorKind::bug, "internal error: a layer without its tensor");
    const float* begin = model_.parameters.data() + found->offset;
    return {begin, begin + found->size};
  }
  static void keep_outputs(ExportStep& step, Index outputs) {
    step.outputs = outputs;
    step.weight.resize(static_cast<std::size_t>(outputs * step.inputs));
    step.bias.resize(static_cast<std::size_t>(outputs));
  }
  static std::vector<float> transposed(const std::vector<float>& values, Index rows,
                                       Index columns) {
    std::vector<float> result(values.size());
    for (Index r = 0; r < rows; ++r) {
      for (Index c = 0; c < columns; ++c)
        result[static_cast<std::size_t>(c * rows + r)] =
            values[static_cast<std::size_t>(r * columns + c)];
    }
    return result;
  }

  static std::vector<float> repeated(const std::vector<float>& values, Index count) {
    std::vector<float> result;
    for (Index i = 0; i < count; ++i)
      result.push_back(values[static_cast<std::size_t>(i) % values.size()]);
    return result;
  }

  const Model& model_;
  const AutoencoderSpec& spec_;
  std::vector<UnitShape> encoder_shapes_;
  std::vector<UnitShape> decoder_shapes_;
  std::vector<ExportStep> encoder_;
  std::vector<ExportStep> decoder_;
  Index linear_ = 0;   // layers with a weight so far
  bool tied_ = false;  // whether the last of them uses the weight of another
  std::string name_;   // of the last one
};

}  // namespace

ModelPart model_part_from(std::string_view name) {
  if (name == "encoder") return ModelPart::encoder;
  if (name == "decoder") return ModelPart::decoder;
  if (name == "autoencoder") return ModelPart::autoencoder;
  throw Error(ErrorKind::usage,
              fmt::format("unknown part '{}': encoder, decoder, autoencoder", name));
}

bool treats_missing(const Model& model) {
  return model.network->spec().missing == Missing::mask ||
         model.transform.missing.treatment == Missing::mean;
}

const std::vector<float>& fed_means(const Model& model) {
  return model.network->spec().missing == Missing::mask ? model.network->spec().missing_means
                                                        : model.transform.missing.means;
}

std::vector<ExportStep> export_steps(const Model& model, ModelPart part) {
  auto steps = StepBuilder(model).steps();
  if (part == ModelPart::encoder) return std::move(steps.first);
  if (part == ModelPart::decoder) return std::move(steps.second);
  std::ranges::move(steps.second, std::back_inserter(steps.first));
  return std::move(steps.first);
}

}  // namespace hourglass
