#include "formats/event_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <random>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {

namespace {

// Numbers of fields, from TensorFlow's event.proto and summary.proto.
constexpr int event_time = 1, event_step = 2, event_version = 3, event_summary = 5,
              event_session = 7;
constexpr int session_status = 1, session_start = 1;
constexpr int summary_value = 1;
constexpr int value_tag = 1, value_number = 2, value_image = 4, value_histogram = 5;
constexpr int image_height = 1, image_width = 2, image_channels = 3, image_bytes = 4;
constexpr int histogram_min = 1, histogram_max = 2, histogram_count = 3, histogram_sum = 4,
              histogram_squares = 5, histogram_limits = 6, histogram_buckets = 7;

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1U) != 0 ? 0x82F63B78U : 0U);
    table[byte] = value;
  }
  return table;
}

// The format masks checksums: the CRC of data that contain CRCs would be weak.
std::uint32_t masked(std::uint32_t checksum) {
  return ((checksum >> 15) | (checksum << 17)) + 0xA282EAD8U;
}

template <class Word>
std::string little_endian(Word value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof(Word); ++i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static constexpr auto table = make_table();
  std::uint32_t value = 0xFFFFFFFFU;
  for (const char byte : bytes)
    value = (value >> 8) ^ table[(value ^ static_cast<unsigned char>(byte)) & 0xFFU];
  return ~value;
}

EventFile::EventFile(const std::string& folder, Index first_step) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  // Readers take the files of a folder in the order of their names, so the time comes first.
  path_ = folder + "/events.out.tfevents." + std::to_string(static_cast<Index>(now())) +
          ".hourglass." + std::to_string(getpid()) + "." + std::to_string(std::random_device()());
  stream_.open(path_, std::ios::binary);
  if (!stream_)
    throw Error(ErrorKind::io, "cannot write " + path_ + ": check the folder's permissions");
  ProtobufMessage version;
  version.real64(event_time, now()).text(event_version, "brain.Event:2");
  record(version.bytes());
  if (first_step > 0) {
    ProtobufMessage session;
    session.integer(session_status, session_start);
    event(first_step + 1, event_session, session);
  }
  flush();
}

void EventFile::scalar(const std::string& tag, Index step, double value) {
  ProtobufMessage message;
  message.text(value_tag, tag).real(value_number, static_cast<float>(value));
  summary(step, message);
}

void EventFile::histogram(const std::string& tag, Index step, std::span<const float> values) {
  constexpr std::size_t buckets = 30;
  double smallest = HUGE_VAL;
  double largest = -HUGE_VAL;
  double count = 0;
  double sum = 0;
  double squares = 0;
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    const auto number = static_cast<double>(value);
    smallest = std::min(smallest, number);
    largest = std::max(largest, number);
    count += 1;
    sum += number;
    squares += number * number;
  }
  if (count == 0) return;
  const double width = (largest - smallest) / buckets;
  std::vector<double> limits;
  std::vector<double> held(width > 0 ? buckets : 1, 0.0);
  for (std::size_t b = 1; b <= held.size(); ++b)
    limits.push_back(b == held.size() ? largest : smallest + width * static_cast<double>(b));
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    const double place = width > 0 ? (static_cast<double>(value) - smallest) / width : 0;
    held[std::min(held.size() - 1, static_cast<std::size_t>(place))] += 1;
  }
  ProtobufMessage histogram;
  histogram.real64(histogram_min, smallest)
      .real64(histogram_max, largest)
      .real64(histogram_count, count)
      .real64(histogram_sum, sum);
  histogram.real64(histogram_squares, squares)
      .reals64(histogram_limits, limits)
      .reals64(histogram_buckets, held);
  ProtobufMessage message;
  message.text(value_tag, tag).message(value_histogram, histogram);
  summary(step, message);
}

void EventFile::image(const std::string& tag, Index step, Index height, Index width, Index channels,
                      std::string_view png) {
  ProtobufMessage image;
  image.integer(image_height, height)
      .integer(image_width, width)
      .integer(image_channels, channels)
      .text(image_bytes, png);
  ProtobufMessage message;
  message.text(value_tag, tag).message(value_image, image);
  summary(step, message);
}

void EventFile::flush() {
  stream_ << std::flush;
  if (!stream_) throw Error(ErrorKind::io, "cannot write " + path_ + ": is the disk full?");
}

void EventFile::event(Index step, int field, const ProtobufMessage& content) {
  ProtobufMessage message;
  message.real64(event_time, now()).integer(event_step, step).message(field, content);
  record(message.bytes());
}

void EventFile::summary(Index step, ProtobufMessage& value) {
  ProtobufMessage summary;
  summary.message(summary_value, value);
  event(step, event_summary, summary);
}

void EventFile::record(const std::string& bytes) {
  const std::string length = little_endian(static_cast<std::uint64_t>(bytes.size()));
  stream_ << length << little_endian(masked(crc32c(length))) << bytes
          << little_endian(masked(crc32c(bytes)));
}

}  // namespace hourglass
