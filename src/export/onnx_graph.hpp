#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/protobuf.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// A second file for the numbers of large constants: Protocol Buffers hold at most 2 GiB.
struct OnnxExternalData {
  std::string location;                         ///< its name, in the folder of the ONNX file
  std::function<void(std::string_view)> write;  ///< appends to it
};

/// The graph of an ONNX file with one input, "input" (N x inputs), and one output, "output" (N x
/// outputs), both of float32: operators are appended one after the other.
class OnnxGraph {
 public:
  /// With `external`, which must outlive the graph, constants of floats of at least a page go
  /// there, each at a multiple of a page, as readers map them.
  explicit OnnxGraph(std::string input, const OnnxExternalData* external = nullptr)
      : last_(std::move(input)), external_(external) {}

  struct Attribute {
    std::string name;
    ProtobufMessage message;
  };
  [[nodiscard]] static Attribute real(const std::string& name, float value);
  [[nodiscard]] static Attribute integer(const std::string& name, Index value);
  [[nodiscard]] static Attribute integers(const std::string& name,
                                          const std::vector<Index>& values);

  /// Adds a constant of that shape (empty: a scalar); returns its name.
  std::string constant(const std::string& name, const std::vector<Index>& shape,
                       const float* values, std::size_t count);
  std::string constant(const std::string& name, float value) {
    return constant(name, {1}, &value, 1);
  }
  std::string constant(const std::string& name, const std::vector<Index>& values);

  /// Appends an operator; its (first) output becomes the result of the graph so far, and is
  /// returned.
  std::string node(const std::string& type, const std::vector<std::string>& inputs,
                   const std::vector<Attribute>& attributes = {}, int outputs = 1);
  [[nodiscard]] const std::string& last() const { return last_; }
  /// Appends min(max(x, lowest), highest) of the result x, which must be finite.
  std::string clamp(const std::string& name, float lowest, float highest);

  /// The message of the graph, whose result is the last one.
  [[nodiscard]] ProtobufMessage finish(const std::string& name, Index inputs, Index outputs);

 private:
  std::string initializer(const std::string& name, const std::vector<Index>& shape, int type,
                          std::string_view raw);

  void store_externally(ProtobufMessage& tensor, std::string_view raw);

  ProtobufMessage graph_;
  std::string last_;
  int nodes_ = 0;
  const OnnxExternalData* external_;
  std::size_t external_bytes_ = 0;
};

}  // namespace hourglass
