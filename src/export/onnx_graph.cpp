#include "export/onnx_graph.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstddef>

namespace hourglass {

namespace {

// Numbers of fields and enumerators, from onnx.proto.
namespace field {
constexpr int graph_node = 1, graph_name = 2, graph_initializer = 5, graph_input = 11,
              graph_output = 12;
constexpr int node_input = 1, node_output = 2, node_name = 3, node_type = 4, node_attribute = 5;
constexpr int attribute_name = 1, attribute_float = 2, attribute_int = 3, attribute_ints = 8,
              attribute_type = 20;
constexpr int tensor_dims = 1, tensor_type = 2, tensor_name = 8, tensor_raw = 9,
              tensor_external = 13, tensor_location = 14;
constexpr int entry_key = 1, entry_value = 2;
constexpr int value_name = 1, value_type = 2, type_tensor = 1, tensor_elements = 1,
              tensor_shape = 2;
constexpr int shape_dim = 1, dim_value = 1, dim_parameter = 2;
}  // namespace field
constexpr int type_float = 1, type_int64 = 7;
constexpr int location_is_external = 1;
constexpr std::size_t page_bytes = 4096;
constexpr int attribute_is_float = 1, attribute_is_int = 2, attribute_is_ints = 7;

static_assert(std::endian::native == std::endian::little,
              "tensors are stored as they lie in memory");

ProtobufMessage value_of(const std::string& name, Index width) {
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

}  // namespace

OnnxGraph::Attribute OnnxGraph::real(const std::string& name, float value) {
  Attribute attribute{name, {}};
  attribute.message.text(field::attribute_name, name)
      .real(field::attribute_float, value)
      .integer(field::attribute_type, attribute_is_float);
  return attribute;
}

OnnxGraph::Attribute OnnxGraph::integer(const std::string& name, Index value) {
  Attribute attribute{name, {}};
  attribute.message.text(field::attribute_name, name)
      .integer(field::attribute_int, value)
      .integer(field::attribute_type, attribute_is_int);
  return attribute;
}

OnnxGraph::Attribute OnnxGraph::integers(const std::string& name,
                                         const std::vector<Index>& values) {
  Attribute attribute{name, {}};
  attribute.message.text(field::attribute_name, name);
  for (const Index value : values) attribute.message.integer(field::attribute_ints, value);
  attribute.message.integer(field::attribute_type, attribute_is_ints);
  return attribute;
}

std::string OnnxGraph::constant(const std::string& name, const std::vector<Index>& shape,
                                const float* values, std::size_t count) {
  return initializer(name, shape, type_float,
                     {reinterpret_cast<const char*>(values), count * sizeof(float)});
}

std::string OnnxGraph::constant(const std::string& name, const std::vector<Index>& values) {
  return initializer(name, {static_cast<Index>(values.size())}, type_int64,
                     {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(Index)});
}

std::string OnnxGraph::initializer(const std::string& name, const std::vector<Index>& shape,
                                   int type, std::string_view raw) {
  ProtobufMessage tensor;
  for (const Index extent : shape) tensor.integer(field::tensor_dims, extent);
  tensor.integer(field::tensor_type, type).text(field::tensor_name, name);
  if (external_ != nullptr && type == type_float && raw.size() >= page_bytes) {
    store_externally(tensor, raw);
  } else {
    tensor.text(field::tensor_raw, raw);
  }
  graph_.message(field::graph_initializer, tensor);
  return name;
}

void OnnxGraph::store_externally(ProtobufMessage& tensor, std::string_view raw) {
  const std::size_t padding = (page_bytes - external_bytes_ % page_bytes) % page_bytes;
  external_->write(std::string(padding, '\0'));
  external_bytes_ += padding;
  const auto add = [&](std::string_view key, std::string_view value) {
    ProtobufMessage entry;
    entry.text(field::entry_key, key).text(field::entry_value, value);
    tensor.message(field::tensor_external, entry);
  };
  add("location", external_->location);
  add("offset", std::to_string(external_bytes_));
  add("length", std::to_string(raw.size()));
  tensor.integer(field::tensor_location, location_is_external);
  external_->write(raw);
  external_bytes_ += raw.size();
}

std::string OnnxGraph::node(const std::string& type, const std::vector<std::string>& inputs,
                            const std::vector<Attribute>& attributes, int outputs) {
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

// Clip's bounds are attributes to some runtimes and inputs to others, and OpenCV's Max and Min take
// no constants: the bounds are made of the values.
std::string OnnxGraph::clamp(const std::string& name, float lowest, float highest) {
  const std::string x = last_;
  const std::string zeros = node("Mul", {x, constant(name + ".zero", 0)});
  const std::string low = node("Add", {zeros, constant(name + ".lowest", lowest)});
  const std::string high = node("Add", {zeros, constant(name + ".highest", highest)});
  return node("Min", {node("Max", {x, low}), high});
}

ProtobufMessage OnnxGraph::finish(const std::string& name, Index inputs, Index outputs) {
  // The name of the output does not depend on the last node.
  ProtobufMessage output;
  output.text(field::node_input, last_)
      .text(field::node_output, "output")
      .text(field::node_name, "result")
      .text(field::node_type, "Identity");
  graph_.message(field::graph_node, output);
  graph_.text(field::graph_name, name);
  graph_.message(field::graph_input, value_of("input", inputs));
  graph_.message(field::graph_output, value_of("output", outputs));
  return graph_;
}

}  // namespace hourglass
