#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "data/normalization.hpp"
#include "export/export.hpp"
#include "export/onnx_counts.hpp"
#include "export/onnx_graph.hpp"
#include "formats/protobuf.hpp"
#include "hourglass/core/error.hpp"
#include "nn/layer_norm.hpp"
#include "run/version.hpp"

namespace hourglass {

namespace {

// Numbers of fields, from onnx.proto.
namespace field {
constexpr int model_ir_version = 1, model_producer = 2, model_producer_version = 3, model_graph = 7,
              model_opset = 8;
constexpr int opset_version = 2;
}  // namespace field
constexpr int ir_version = 7;
constexpr int opset = 13;

using Graph = OnnxGraph;

void add_activation(Graph& graph, Activation activation, const std::string& name) {
  const std::string z = graph.last();
  switch (activation) {
    case Activation::linear:
      return;
    case Activation::sigmoid:
      graph.node("Sigmoid", {z});
      return;
    case Activation::tanh:
      graph.node("Tanh", {z});
      return;
    case Activation::relu:
      graph.node("Relu", {z});
      return;
    case Activation::leaky_relu:
      graph.node("LeakyRelu", {z}, {Graph::real("alpha", 0.01F)});
      return;
    case Activation::elu:
      graph.node("Elu", {z}, {Graph::real("alpha", 1.0F)});
      return;
    case Activation::selu:
      graph.node("Selu", {z}, {Graph::real("alpha", 1.6732632F), Graph::real("gamma", 1.0507010F)});
      return;
    case Activation::gelu: {
      // z Phi(z) = z / 2 (1 + erf(z / sqrt 2))
      const std::string scaled =
          graph.node("Mul", {z, graph.constant(name + ".inverse_root", 0.70710678F)});
      const std::string raised =
          graph.node("Add", {graph.node("Erf", {scaled}), graph.constant(name + ".one", 1.0F)});
      const std::string half = graph.node("Mul", {z, graph.constant(name + ".half", 0.5F)});
      graph.node("Mul", {half, raised});
      return;
    }
    case Activation::softplus:
      graph.node("Softplus", {z});
      return;
    case Activation::silu:
      graph.node("Mul", {z, graph.node("Sigmoid", {z})});
      return;
  }
  throw Error(ErrorKind::usage,
              fmt::format("the activation {} cannot be exported to ONNX", name_of(activation)));
}

// Opset 13 has no LayerNormalization: a row is taken as an image of one channel, which
// InstanceNormalization normalises by itself.
void add_layer_norm(Graph& graph, const ExportStep& step, const std::string& name) {
  const std::string image = graph.node(
      "Reshape",
      {graph.last(), graph.constant(name + ".image", std::vector<Index>{-1, 1, 1, step.outputs})});
  const std::string unit =
      graph.node("InstanceNormalization",
                 {image, graph.constant(name + ".one", 1.0F), graph.constant(name + ".zero", 0.0F)},
                 {Graph::real("epsilon", LayerNorm::epsilon)});
  const std::string row = graph.node(
      "Reshape", {unit, graph.constant(name + ".row", std::vector<Index>{-1, step.outputs})});
  const std::string scaled =
      graph.node("Mul", {row, graph.constant(name + ".weight", {step.outputs}, step.weight.data(),
                                             step.weight.size())});
  graph.node("Add", {scaled, graph.constant(name + ".bias", {step.outputs}, step.bias.data(),
                                            step.bias.size())});
}

// Activations are N x H x W x C here and N x C x H x W in ONNX; volumes alike. Series are written
// as images of height 1, which more runtimes have all operators for.
void add_convolution(Graph& graph, const ExportStep& step, const std::string& name,
                     bool transposed) {
  const Window& w = step.window;
  const Index axes = std::max<Index>(2, w.dimensions);
  std::vector<Index> shape = axes_of(step.input_image.extents(), axes);
  shape.insert(shape.begin(), -1);
  shape.push_back(step.input_image.channels);
  const std::string rows =
      graph.node("Reshape", {graph.last(), graph.constant(name + ".shape", shape)});
  std::vector<Index> to_first = {0, axes + 1};
  std::vector<Index> to_last = {0};
  for (Index axis = 1; axis <= axes; ++axis) {
    to_first.push_back(axis);
    to_last.push_back(axis + 1);
  }
  to_last.push_back(1);
  const std::string images = graph.node("Transpose", {rows}, {Graph::integers("perm", to_first)});
  const std::vector<Index> kernel = axes_of(w.kernel, axes);
  std::vector<Index> padding = axes_of(w.padding, axes);  // at the begins, then at the ends
  std::ranges::copy(axes_of(w.padding, axes), std::back_inserter(padding));
  std::vector<Graph::Attribute> attributes = {Graph::integers("kernel_shape", kernel),
                                              Graph::integers("strides", axes_of(w.stride, axes)),
                                              Graph::integers("pads", padding)};
  if (transposed)
    attributes.push_back(Graph::integers("output_padding", axes_of(w.output_padding, axes)));
  const Index inputs = step.input_image.channels;
  const Index outputs = step.output_image.channels;
  std::vector<Index> weight = {transposed ? inputs : outputs, transposed ? outputs : inputs};
  std::ranges::copy(kernel, std::back_inserter(weight));
  const std::string result = graph.node(
      transposed ? "ConvTranspose" : "Conv",
      {images, graph.constant(name + ".weight", weight, step.weight.data(), step.weight.size()),
       graph.constant(name + ".bias", {outputs}, step.bias.data(), step.bias.size())},
      attributes);
  graph.node("Transpose", {result}, {Graph::integers("perm", to_last)});
  graph.node("Reshape",
             {graph.last(), graph.constant(name + ".row", std::vector<Index>{-1, step.outputs})});
}

void add_step(Graph& graph, const ExportStep& step, const std::string& name) {
  const std::string x = graph.last();
  switch (step.kind) {
    case ExportStep::Kind::linear:
      graph.node(
          "Gemm",
          {x,
           graph.constant(name + ".weight", {step.outputs, step.inputs}, step.weight.data(),
                          step.weight.size()),
           graph.constant(name + ".bias", {step.outputs}, step.bias.data(), step.bias.size())},
          {Graph::integer("transB", 1)});
      return;
    case ExportStep::Kind::convolution:
      add_convolution(graph, step, name, false);
      return;
    case ExportStep::Kind::transposed_convolution:
      add_convolution(graph, step, name, true);
      return;
    case ExportStep::Kind::activation:
      add_activation(graph, step.activation, name);
      return;
    case ExportStep::Kind::layer_norm:
      add_layer_norm(graph, step, name);
      return;
    case ExportStep::Kind::top_k: {
      // Scatters the k largest into a row of zeros.
      const std::string largest =
          graph.node("TopK", {x, graph.constant(name + ".k", std::vector<Index>{step.k})},
                     {Graph::integer("axis", 1)}, 2);
      const std::string zeros = graph.node("Sub", {x, x});
      graph.node("ScatterElements", {zeros, largest + "_1", largest}, {Graph::integer("axis", 1)});
      return;
    }
    case ExportStep::Kind::latent_library:
      return;  // by whoever needs the size factor
  }
}

// Between the order of the data, channels first, and that of the network, channels last.
void add_reordering(Graph& graph, const std::string& name, Index before, Index after) {
  const std::string grid = graph.node(
      "Reshape",
      {graph.last(), graph.constant(name + ".grid", std::vector<Index>{-1, before, after})});
  graph.node("Transpose", {grid}, {Graph::integers("perm", {0, 2, 1})});
  graph.node("Reshape",
             {graph.last(), graph.constant(name + ".row", std::vector<Index>{-1, before * after})});
}

std::string add_normalization(Graph& graph, const std::string& input,
                              const InputTransform& transform) {
  std::string last = input;
  if (transform.divisor != 1)
    last = graph.node(
        "Div", {last, graph.constant("input.divisor", static_cast<float>(transform.divisor))});
  if (transform.mean.empty()) return last;
  const auto width = static_cast<Index>(transform.mean.size());
  graph.node("Sub", {last, graph.constant("input.mean", {width}, transform.mean.data(),
                                          transform.mean.size())});
  graph.node("Mul", {graph.last(),
                     graph.constant("input.inverse_deviation", {width},
                                    transform.inverse_deviation.data(), transform.mean.size())});
  constexpr auto most = static_cast<float>(most_deviations);
  return graph.clamp("input", -most, most);
}

// Where elements as stored are missing: NaN, or one of the numbers that stand for that.
std::string add_missing(Graph& graph, const std::vector<double>& values) {
  const std::string input = graph.last();
  std::string missing = graph.node("IsNaN", {input});
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::string equal = graph.node(
        "Equal",
        {input, graph.constant(fmt::format("missing.value{}", i), static_cast<float>(values[i]))});
    missing = graph.node("Or", {missing, equal});
  }
  return missing;
}

// What the network is fed in their place: the means, as normalised (empty: 0).
void add_means(Graph& graph, const std::string& missing, const std::string& input,
               const std::vector<float>& means) {
  const auto width = static_cast<Index>(means.size());
  const std::string fed = means.empty()
                              ? graph.constant("missing.mean", 0)
                              : graph.constant("missing.mean", {width}, means.data(), means.size());
  graph.node("Where", {missing, fed, input});
}

// Numbers are the logits, booleans and categories probabilities.
void add_mixed_outputs(Graph& graph, const std::vector<OutputGroup>& groups) {
  const std::string logits = graph.last();
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const auto place = [&](const char* what, Index value) {
      return graph.constant(fmt::format("group{}.{}", i, what), std::vector<Index>{value});
    };
    std::string part =
        graph.node("Slice", {logits, place("begin", groups[i].features.begin),
                             place("end", groups[i].features.end), place("axis", 1)});
    if (groups[i].kind == OutputGroup::Kind::sigmoid) part = graph.node("Sigmoid", {part});
    if (groups[i].kind == OutputGroup::Kind::softmax)
      part = graph.node("Softmax", {part}, {Graph::integer("axis", 1)});
    parts.push_back(part);
  }
  graph.node("Concat", parts, {Graph::integer("axis", 1)});
}

// The inverse: x * deviation + mean, times the divisor.
void add_original_units(Graph& graph, const InputTransform& transform) {
  if (!transform.mean.empty()) {
    const auto width = static_cast<Index>(transform.mean.size());
    std::vector<float> deviation;
    for (const float inverse : transform.inverse_deviation) deviation.push_back(1 / inverse);
    graph.node("Mul", {graph.last(), graph.constant("output.deviation", {width}, deviation.data(),
                                                    deviation.size())});
    graph.node("Add", {graph.last(), graph.constant("output.mean", {width}, transform.mean.data(),
                                                    transform.mean.size())});
  }
  if (transform.divisor != 1)
    graph.node("Mul", {graph.last(),
                       graph.constant("output.divisor", static_cast<float>(transform.divisor))});
}

}  // namespace

bool needs_external_data(const Model& model, ModelPart part) {
  // What nodes, names and normalisation take is far less than the reserve.
  constexpr std::size_t largest = (std::size_t{1} << 31) - (std::size_t{1} << 24);
  // Tied weights are written twice.
  if (static_cast<std::size_t>(model.parameters.size()) * 2 * sizeof(float) <= largest)
    return false;
  std::size_t floats = 0;
  for (const ExportStep& step : export_steps(model, part))
    floats += step.weight.size() + step.bias.size();
  return floats * sizeof(float) > largest;
}

std::string to_onnx(const Model& model, ModelPart part, bool normalized_input, Units output,
                    const OnnxExternalData* external) {
  const auto steps = export_steps(model, part);
  const bool normalizes = part != ModelPart::decoder && !normalized_input;
  if (normalizes && !model.transform.exact_mean.empty()) {
    throw Error(ErrorKind::usage,
                fmt::format("{}: its samples need double precision, but the input of the graph is "
                            "of single precision; use --normalized-input, or safetensors",
                            model.file.path));
  }
  const bool restores = output == Units::data && part != ModelPart::encoder;
  if (restores && !model.transform.exact_mean.empty()) {
    throw Error(ErrorKind::usage,
                fmt::format("{}: its values need double precision, but the output of the graph is "
                            "of single precision; leave out --units data",
                            model.file.path));
  }
  Graph graph("input", external);
  const Index channels = model.leading_channels();
  const Index places = channels > 1 ? model.network->features() / channels : 0;
  if (part != ModelPart::decoder && channels > 1)
    add_reordering(graph, "input.channels", channels, places);
  const bool misses = normalizes && treats_missing(model);
  // A node ends the graph so far: the input is read twice.
  const std::string stored = graph.last();
  const std::string missing = misses ? add_missing(graph, model.config.missing_values) : "";
  const std::string normalized =
      normalizes ? add_normalization(graph, stored, model.transform) : stored;
  if (misses) add_means(graph, missing, normalized, fed_means(model));
  const AutoencoderSpec& spec = model.network->spec();
  std::string sizes;  // of counts
  if (part != ModelPart::decoder && spec.counts != Counts::none)
    sizes = add_count_input(graph, spec.library, model.network->features());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].kind == ExportStep::Kind::latent_library)
      sizes = add_latent_library(graph, steps[i].outputs, spec.library_prior);
    add_step(graph, steps[i], fmt::format("step{}.{}", i, steps[i].name));
  }
  if (part != ModelPart::encoder && spec.loss == Loss::mixed) add_mixed_outputs(graph, spec.groups);
  if (part != ModelPart::encoder && distribution_of(spec.loss, spec.output_activation))
    add_count_means(graph, sizes);
  if (restores) add_original_units(graph, model.transform);
  if (part != ModelPart::encoder && channels > 1)
    add_reordering(graph, "output.channels", places, channels);
  const ProtobufMessage finished =
      graph.finish("hourglass", steps.front().inputs, steps.back().outputs);
  ProtobufMessage opset_import;
  opset_import.text(1, "").integer(field::opset_version, opset);
  ProtobufMessage file;
  file.integer(field::model_ir_version, ir_version)
      .text(field::model_producer, "hourglass")
      .text(field::model_producer_version, version());
  file.message(field::model_graph, finished).message(field::model_opset, opset_import);
  return file.bytes();
}

}  // namespace hourglass
