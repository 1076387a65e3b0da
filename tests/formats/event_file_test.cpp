#include "formats/event_file.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "support/file_bytes.hpp"
#include "support/protobuf_reader.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

template <class Word>
Word word_at(const std::string& bytes, std::size_t place) {
  Word word = 0;
  std::memcpy(&word, bytes.data() + place, sizeof word);
  return word;
}

std::uint32_t masked_crc(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return (crc >> 15 | crc << 17) + 0xa282ead8U;
}

// The events of the only file of a folder; checks length and checksums of every record.
std::vector<std::string> events_in(const TemporaryFolder& folder) {
  std::vector<std::string> events;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    const std::string bytes = io_test::read_bytes(entry.path().string());
    for (std::size_t place = 0; place < bytes.size();) {
      const auto length = word_at<std::uint64_t>(bytes, place);
      EXPECT_EQ(word_at<std::uint32_t>(bytes, place + 8), masked_crc(bytes.substr(place, 8)));
      events.push_back(bytes.substr(place + 12, length));
      EXPECT_EQ(word_at<std::uint32_t>(bytes, place + 12 + length), masked_crc(events.back()));
      place += 12 + length + 4;
    }
  }
  return events;
}

ProtobufFields value_of(const std::string& event, std::int64_t step, const std::string& tag) {
  const ProtobufFields fields(event);
  EXPECT_GT(fields.real64(1), 1e9) << "seconds since 1970";
  EXPECT_EQ(fields.integer(2), step);
  ProtobufFields value = fields.message(5).message(1);
  EXPECT_EQ(value.text(1), tag);
  return value;
}

TEST(EventFile, checksum_is_castagnolis) {
  // RFC 3720, appendix B.4, and the usual check value.
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(EventFile, begins_with_its_version) {
  const TemporaryFolder folder;
  { const EventFile file(folder.path(), 0); }
  const auto events = events_in(folder);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(ProtobufFields(events[0]).text(3), "brain.Event:2");
}

TEST(EventFile, holds_scalars_and_images) {
  const TemporaryFolder folder;
  EventFile file(folder.path(), 0);
  file.scalar("loss", 7, 0.25);
  file.image("pictures", 8, 2, 3, 1, "png bytes");
  file.flush();
  const auto events = events_in(folder);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(value_of(events[1], 7, "loss").real(2), 0.25F);
  const ProtobufFields image = value_of(events[2], 8, "pictures").message(4);
  EXPECT_EQ(image.integer(1), 2);
  EXPECT_EQ(image.integer(2), 3);
  EXPECT_EQ(image.integer(3), 1);
  EXPECT_EQ(image.text(4), "png bytes");
}

TEST(EventFile, counts_values_in_buckets) {
  const TemporaryFolder folder;
  EventFile file(folder.path(), 0);
  const std::vector<float> values = {0,  30, 15.5F, 0.5F, std::numeric_limits<float>::infinity(),
                                     NAN};
  file.histogram("codes", 1, values);
  const std::vector<float> same = {2, 2};
  file.histogram("same", 1, same);
  file.histogram("none", 1, {});
  file.flush();
  const auto events = events_in(folder);
  ASSERT_EQ(events.size(), 3U) << "nothing is written of no values";
  const ProtobufFields histogram = value_of(events[1], 1, "codes").message(5);
  EXPECT_EQ(histogram.real64(1), 0);
  EXPECT_EQ(histogram.real64(2), 30);
  EXPECT_EQ(histogram.real64(3), 4);
  EXPECT_EQ(histogram.real64(4), 46);
  EXPECT_EQ(histogram.real64(5), 30.0 * 30 + 15.5 * 15.5 + 0.25);
  const std::string limits = histogram.text(6);
  const std::string counts = histogram.text(7);
  ASSERT_EQ(counts.size(), 30 * sizeof(double));
  for (std::size_t b = 0; b < 30; ++b) {
    const std::size_t at = b * sizeof(double);
    EXPECT_NEAR(word_at<double>(limits, at), static_cast<double>(b + 1), 1e-12);
    const double wanted = b == 0 ? 2 : b == 15 || b == 29 ? 1 : 0;
    EXPECT_EQ(word_at<double>(counts, at), wanted) << b;
  }
  EXPECT_EQ(value_of(events[2], 1, "same").message(5).text(7).size(), sizeof(double));
}

TEST(EventFile, of_a_resumed_run_voids_later_steps) {
  const TemporaryFolder folder;
  { const EventFile file(folder.path(), 12); }
  const auto events = events_in(folder);
  ASSERT_EQ(events.size(), 2U);
  const ProtobufFields start(events[1]);
  EXPECT_EQ(start.integer(2), 13);
  EXPECT_EQ(start.message(7).integer(1), 1) << "SessionLog.START";
}

}  // namespace
}  // namespace hourglass
