#include "export/onnx_graph.hpp"

#include <gtest/gtest.h>

#include "support/protobuf_reader.hpp"

namespace hourglass {
namespace {

TEST(OnnxGraph, appends_operators_and_names_its_result) {
  OnnxGraph graph("input");
  const float half = 0.5F;
  const std::string scaled =
      graph.node("Mul", {graph.last(), graph.constant("half", {}, &half, 1)});
  EXPECT_EQ(graph.last(), scaled);
  graph.node("Reshape", {scaled, graph.constant("shape", std::vector<Index>{-1, 4})});
  graph.node("Softmax", {graph.last()}, {OnnxGraph::integer("axis", 1)});
  const std::string bytes = graph.finish("small", 4, 4).bytes();
  const ProtobufFields fields(bytes);
  EXPECT_EQ(fields.text(2), "small");
  std::vector<std::string> types;
  for (const auto node : fields.bytes(1)) types.push_back(ProtobufFields(node).text(4));
  EXPECT_EQ(types, (std::vector<std::string>{"Mul", "Reshape", "Softmax", "Identity"}));
  const auto constants = fields.bytes(5);
  ASSERT_EQ(constants.size(), 2U);
  EXPECT_TRUE(ProtobufFields(constants[0]).integers(1).empty()) << "a scalar";
  EXPECT_EQ(ProtobufFields(constants[1]).integer(2), 7) << "int64";
}

}  // namespace
}  // namespace hourglass
