#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace hourglass {

/// A message of Protocol Buffers as its fields, in the order of the bytes.
class ProtobufFields {
 public:
  struct Field {
    int number = 0;
    unsigned wire_type = 0;  ///< 0 integer, 1 and 5 the bits of a real, 2 bytes
    std::uint64_t number_value = 0;
    std::string_view bytes;  ///< of wire type 2; points into the message
  };

  explicit ProtobufFields(std::string_view message) {
    while (!message.empty()) {
      Field field;
      const std::uint64_t key = varint(message);
      field.number = static_cast<int>(key >> 3);
      field.wire_type = key & 7;
      switch (field.wire_type) {
        case 0:
          field.number_value = varint(message);
          break;
        case 1:
          field.number_value = fixed(message, 8);
          break;
        case 2:
          field.bytes = taken(message, varint(message));
          break;
        case 5:
          field.number_value = fixed(message, 4);
          break;
        default:
          throw std::runtime_error("unknown wire type");
      }
      fields_.push_back(field);
    }
  }

  [[nodiscard]] const std::vector<Field>& all() const { return fields_; }
  /// The bytes of every field of that number.
  [[nodiscard]] std::vector<std::string_view> bytes(int number) const {
    std::vector<std::string_view> found;
    for (const Field& field : fields_) {
      if (field.number == number) found.push_back(field.bytes);
    }
    return found;
  }
  [[nodiscard]] std::vector<std::int64_t> integers(int number) const {
    std::vector<std::int64_t> found;
    for (const Field& field : fields_) {
      if (field.number == number) found.push_back(static_cast<std::int64_t>(field.number_value));
    }
    return found;
  }
  /// Of a field that occurs once; throws where it does not.
  [[nodiscard]] std::string text(int number) const { return std::string(only(number).bytes); }
  [[nodiscard]] std::int64_t integer(int number) const {
    return static_cast<std::int64_t>(only(number).number_value);
  }
  [[nodiscard]] float real(int number) const {
    const auto bits = static_cast<std::uint32_t>(only(number).number_value);
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  [[nodiscard]] double real64(int number) const {
    double value = 0;
    std::memcpy(&value, &only(number).number_value, sizeof value);
    return value;
  }
  [[nodiscard]] ProtobufFields message(int number) const {
    return ProtobufFields(only(number).bytes);
  }

 private:
  [[nodiscard]] const Field& only(int number) const {
    const Field* found = nullptr;
    for (const Field& field : fields_) {
      if (field.number != number) continue;
      if (found != nullptr) throw std::runtime_error("a field occurs twice");
      found = &field;
    }
    if (found == nullptr) throw std::runtime_error("no field " + std::to_string(number));
    return *found;
  }
  static std::string_view taken(std::string_view& from, std::uint64_t size) {
    if (size > from.size()) throw std::runtime_error("truncated");
    const std::string_view part = from.substr(0, size);
    from.remove_prefix(size);
    return part;
  }
  static std::uint64_t fixed(std::string_view& from, std::size_t size) {
    std::uint64_t value = 0;
    std::memcpy(&value, taken(from, size).data(), size);
    return value;
  }
  static std::uint64_t varint(std::string_view& from) {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(taken(from, 1)[0]);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
  }

  std::vector<Field> fields_;
};

}  // namespace hourglass
