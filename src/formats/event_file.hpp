#pragma once

#include <cstdint>
#include <fstream>
#include <span>
#include <string>
#include <string_view>

#include "formats/protobuf.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// CRC-32C (Castagnoli) of RFC 3720.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes);

/// A TensorBoard event file: records of TensorFlow's TFRecord format (length, checksum, content,
/// checksum), each an Event.
class EventFile {
 public:
  /// Makes <folder>/events.out.tfevents.* and the folder. What earlier files of the folder hold of
  /// steps after `first_step` is marked as void, as for a run that is repeated from there. Throws
  /// Error(io).
  EventFile(const std::string& folder, Index first_step);

  void scalar(const std::string& tag, Index step, double value);
  /// 30 buckets of equal width from the smallest to the largest value; NaN and infinities are left
  /// out.
  void histogram(const std::string& tag, Index step, std::span<const float> values);
  /// The bytes of a PNG file.
  void image(const std::string& tag, Index step, Index height, Index width, Index channels,
             std::string_view png);
  /// Hands all to the system. Throws Error(io) when something could not be written.
  void flush();

 private:
  void event(Index step, int field, const ProtobufMessage& content);
  void summary(Index step, ProtobufMessage& value);
  void record(const std::string& bytes);

  std::string path_;
  std::ofstream stream_;
};

}  // namespace hourglass
