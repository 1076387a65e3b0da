#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>

#include "data/normalization.hpp"
#include "export/export.hpp"
#include "formats/protobuf.hpp"
#include "hourglass/core/error.hpp"
#include "nn/layer_norm.hpp"
#include "run/version.hpp"

namespace hourglass {

namespace {

// Numbers of fields and enumerators, from onnx.proto.
namespace field {
constexpr int model_ir_version = 1, model_producer = 2, model_producer_version = 3, model_graph = 7,
              model_opset = 8;
constexpr int opset_version = 2;
constexpr int graph_node = 1, graph_name = 2, graph_initializer = 5, graph_input = 11,
              graph_output = 12;
constexpr int node_input = 1, node_output = 2, node_name = 3, node_type = 4, node_attribute = 5;
constexpr int attribute_name = 1, attribute_float = 2, attribute_int = 3, attribute_ints = 8,
              attribute_type = 20;
constexpr int tensor_dims = 1, tensor_type = 2, tensor_name = 8, tensor_raw = 9;
constexpr int value_name = 1, value_type = 2, type_tensor = 1, tensor_elements = 1,
              tensor_shape = 2;
constexpr int shape_dim = 1, dim_value = 1, dim_parameter = 2;
}  // namespace field
constexpr int type_float = 1, type_int64 = 7;
constexpr int attribute_is_float = 1, attribute_is_int = 2, attribute_is_ints = 7;
constexpr int ir_version = 7;
constexpr int opset = 13;

static_assert(std::endian::native == std::endian::little,
              "tensors are stored as they lie in memory");

class Graph {
 public:
  explicit Graph(std::string input) : last_(std::move(input)) {}

  struct Attribute {
    std::string name;
    ProtobufMessage message;
  };
  static Attribute real(const std::string& name, float value) {
    Attribute attribute{name, {}};
    attribute.message.text(field::attribute_name, name)
        .real(field::attribute_float, value)
        .integer(field::attribute_type, attribute_is_float);
    return attribute;
  }
  static Attribute integer(const std::string& name, Index value) {
    Attribute attribute{name, {}};
    attribute.message.text(field::attribute_name, name)
        .integer(field::attribute_int, value)
        .integer(field::attribute_type, attribute_is_int);
    return attribute;
  }
  static Attribute integers(const std::string& name, const std::vector<Index>& values) {
    Attribute attribute{name, {}};
    attribute.message.text(field::attribute_name, name);
    for (const Index value : values) attribute.message.integer(field::attribute_ints, value);
    attribute.message.integer(field::attribute_type, attribute_is_ints);
    return attribute;
  }

  /// Adds a constant; returns its name.
  std::string constant(const std::string& name, const std::vector<Index>& shape,
                       const float* values, std::size_t count) {
    return initializer(name, shape, type_float,
                       {reinterpret_cast<const char*>(values), count * sizeof(float)});
  }
  std::string constant(const std::string& name, float value) {
    return constant(name, {1}, &value, 1);
  }
  std::string constant(const std::string& name, const std::vector<Index>& values) {
    return initializer(
        name, {static_cast<Index>(values.size())}, type_int64,
        {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Index)});
  }

  /// Appends an operator; its (first) output becomes the result of the graph so far, and is
  /// returned.
  std::string node(const std::string& type, const std::vector<std::string>& inputs,
                   const std::vector<Attribute>& attributes = {}, int outputs = 1) {
    ProtobufMessage message;
    std::string name = fmt::format("{}_{}", type, nodes_++);
    for (const std::string& input : inputs) message.text(field::node_input, input);
    for (int i = 0; i < outputs; ++i)
      message.text(field::node_output, i == 0 ? name : fmt::format("{}_{}", name, i));
    message.text(field::node_name, name).text(field::node_type, type);
    for (const Attribute& attribute : attributes)
      message.message(field::node_attribute, attribute.message);
    graph_.message(field::graph_node, message);
    last_ = name;
    return name;
  }
  [[nodiscard]] const std::string& last() const { return last_; }

  ProtobufMessage finish(const std::string& name, Index inputs, Index outputs) {
    // The name of the output does not depend on the last node.
    ProtobufMessage output;
    output.text(field::node_input, last_)
        .text(field::node_output, "output")
        .text(field::node_name, "result")
        .text(field::node_type, "Identity");
    graph_.message(field::graph_node, output);
    graph_.text(field::graph_name, name);
    graph_.message(field::graph_input, value("input", inputs));
    graph_.message(field::graph_output, value("output", outputs));
    return graph_;
  }

 private:
  std::string initializer(const std::string& name, const std::vector<Index>& shape, int type,
                          std::string_view raw) {
    ProtobufMessage tensor;
    for (const Index extent : shape) tensor.integer(field::tensor_dims, extent);
    tensor.integer(field::tensor_type, type)
        .text(field::tensor_name, name)
        .text(field::tensor_raw, raw);
    graph_.message(field::graph_initializer, tensor);
    return name;
  }
  static ProtobufMessage value(const std::string& name, Index width) {
    ProtobufMessage rows;
    rows.text(field::dim_parameter, "N");
    ProtobufMessage columns;
    columns.integer(field::dim_value, width);
    ProtobufMessage shape;
    shape.message(field::shape_dim, rows).message(field::shape_dim, columns);
    ProtobufMessage tensor;
    tensor.integer(field::tensor_elements, type_float).message(field::tensor_shape, shape);
    ProtobufMessage type;
    type.message(field::type_tensor, tensor);
    ProtobufMessage value;
    value.text(field::value_name, name).message(field::value_type, type);
    return value;
  }

  ProtobufMessage graph_;
  std::string last_;
  int nodes_ = 0;
};

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

void add_normalization(Graph& graph, const InputTransform& transform) {
  if (transform.divisor != 1)
    graph.node("Div", {graph.last(),
                       graph.constant("input.divisor", static_cast<float>(transform.divisor))});
  if (transform.mean.empty()) return;
  const auto width = static_cast<Index>(transform.mean.size());
  graph.node("Sub", {graph.last(), graph.constant("input.mean", {width}, transform.mean.data(),
                                                  transform.mean.size())});
  graph.node("Mul", {graph.last(),
                     graph.constant("input.inverse_deviation", {width},
                                    transform.inverse_deviation.data(), transform.mean.size())});
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

std::string to_onnx(const Model& model, ModelPart part, bool normalized_input, Units output) {
  constexpr std::size_t largest = (std::size_t{1} << 31) - 1;
  const auto steps = export_steps(model, part);
  std::size_t floats = 0;
  for (const ExportStep& step : steps) floats += step.weight.size() + step.bias.size();
  if (floats * sizeof(float) > largest - (std::size_t{1} << 20)) {
    throw Error(
        ErrorKind::usage,
        fmt::format("{}: has more parameters than the 2 GiB of an ONNX file hold; use safetensors",
                    model.file.path));
  }
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
  Graph graph("input");
  const Index channels = model.leading_channels();
  const Index places = channels > 1 ? model.network->features() / channels : 0;
  if (part != ModelPart::decoder && channels > 1)
    add_reordering(graph, "input.channels", channels, places);
  if (normalizes) add_normalization(graph, model.transform);
  for (std::size_t i = 0; i < steps.size(); ++i)
    add_step(graph, steps[i], fmt::format("step{}.{}", i, steps[i].name));
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
