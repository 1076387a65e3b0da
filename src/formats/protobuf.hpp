#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hourglass {

/// A message in the wire format of Protocol Buffers, field by field: the format of ONNX and
/// TensorBoard files. The numbers of the fields are those of their .proto files.
class ProtobufMessage {
 public:
  ProtobufMessage& integer(int field, std::int64_t value);
  ProtobufMessage& real(int field, float value);
  ProtobufMessage& real64(int field, double value);
  ProtobufMessage& text(int field, std::string_view bytes);
  ProtobufMessage& message(int field, const ProtobufMessage& inner) {
    return text(field, inner.bytes_);
  }
  /// A repeated field of doubles, packed.
  ProtobufMessage& reals64(int field, std::span<const double> values);

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void varint(std::uint64_t value);
  void key(int field, unsigned wire_type) {
    varint(static_cast<std::uint64_t>(field) << 3 | wire_type);
  }
  void little_endian(std::uint64_t bits, int bytes);

  std::string bytes_;
};

}  // namespace hourglass
