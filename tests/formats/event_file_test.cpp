#include "formats/event_file.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(EventFile, checksum_is_castagnolis) {
  // RFC 3720, appendix B.4, and the usual check value.
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(EventFile, protobuf_wire_format) {
  // The examples of the format's own description.
  EXPECT_EQ(ProtobufMessage().integer(1, 150).bytes(), "\x08\x96\x01");
  EXPECT_EQ(ProtobufMessage().text(2, "testing").bytes(), "\x12\x07testing");
  EXPECT_EQ(ProtobufMessage().message(3, ProtobufMessage().integer(1, 150)).bytes(),
            "\x1a\x03\x08\x96\x01");
  EXPECT_EQ(ProtobufMessage().integer(1, -1).bytes(),
            "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  EXPECT_EQ(ProtobufMessage().real(1, 1.0F).bytes(), std::string("\x0d\x00\x00\x80\x3f", 5));
  EXPECT_EQ(ProtobufMessage().real64(16, 1.0).bytes(),
            std::string("\x81\x01\x00\x00\x00\x00\x00\x00\xf0\x3f", 10));
}

}  // namespace
}  // namespace hourglass
