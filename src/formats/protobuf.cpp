#include "formats/protobuf.hpp"

#include <bit>

namespace hourglass {

namespace {

constexpr unsigned as_varint = 0;
constexpr unsigned as_64_bits = 1;
constexpr unsigned as_bytes = 2;
constexpr unsigned as_32_bits = 5;

}  // namespace

void ProtobufMessage::varint(std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7F) | 0x80);
  bytes_ += static_cast<char>(value);
}

void ProtobufMessage::little_endian(std::uint64_t bits, int bytes) {
  for (int i = 0; i < bytes; ++i) bytes_ += static_cast<char>(bits >> (8 * i));
}

ProtobufMessage& ProtobufMessage::integer(int field, std::int64_t value) {
  key(field, as_varint);
  varint(static_cast<std::uint64_t>(value));
  return *this;
}

ProtobufMessage& ProtobufMessage::real(int field, float value) {
  key(field, as_32_bits);
  little_endian(std::bit_cast<std::uint32_t>(value), 4);
  return *this;
}

ProtobufMessage& ProtobufMessage::real64(int field, double value) {
  key(field, as_64_bits);
  little_endian(std::bit_cast<std::uint64_t>(value), 8);
  return *this;
}

ProtobufMessage& ProtobufMessage::text(int field, std::string_view bytes) {
  key(field, as_bytes);
  varint(bytes.size());
  bytes_ += bytes;
  return *this;
}

ProtobufMessage& ProtobufMessage::reals64(int field, std::span<const double> values) {
  key(field, as_bytes);
  varint(values.size() * sizeof(double));
  for (const double value : values) little_endian(std::bit_cast<std::uint64_t>(value), 8);
  return *this;
}

}  // namespace hourglass
