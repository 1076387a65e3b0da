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
  /// Creates <folder>/events.out.tfevents.* and the folder. Records of earlier files in the folder
  /// after `first_step` are marked as void, for a run that resumes there. Throws
  /// Error(io).
  EventFile(const std::string& folder, Index first_step);

  void scalar(const std::string& tag, Index step, double value);
  /// 30 buckets of equal width from the smallest to the largest value; NaN and infinities are not
  /// counted.
  void histogram(const std::string& tag, Index step, std::span<const float> values);
  /// The bytes of a PNG file.
  void image(const std::string& tag, Index step, Index height, Index width, Index channels,
             std::string_view png);
  /// Writes everything to the operating system. Throws Error(io) when something could not be
  /// written.
  void flush();

 private:
  void event(Index step, int field, const ProtobufMessage& content);
  void summary(Index step, ProtobufMessage& value);
  void record(const std::string& bytes);

  std::string path_;
  std::ofstream stream_;
};

}  // namespace hourglass
