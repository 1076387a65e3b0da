#include "formats/protobuf.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "support/protobuf_reader.hpp"

namespace hourglass {
namespace {

TEST(ProtobufMessage, is_the_documented_wire_format) {
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

TEST(ProtobufMessage, reads_back_field_by_field) {
  const std::array values = {1.5, -2.0, 1e300};
  ProtobufMessage message;
  message.integer(1, std::numeric_limits<std::int64_t>::max())
      .integer(2, std::numeric_limits<std::int64_t>::min())
      .real(3, -0.1F)
      .real64(2000, 0.1)
      .text(5, std::string_view("a\0b", 3))
      .text(6, "")
      .reals64(7, values)
      .message(8, ProtobufMessage().integer(1, 7));
  const ProtobufFields fields(message.bytes());
  ASSERT_EQ(fields.all().size(), 8U);
  EXPECT_EQ(fields.integer(1), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(fields.integer(2), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(fields.real(3), -0.1F);
  EXPECT_EQ(fields.real64(2000), 0.1);
  EXPECT_EQ(fields.text(5), std::string("a\0b", 3));
  EXPECT_EQ(fields.text(6), "");
  ASSERT_EQ(fields.text(7).size(), sizeof values);
  EXPECT_EQ(std::memcmp(fields.text(7).data(), values.data(), sizeof values), 0);
  EXPECT_EQ(fields.message(8).integer(1), 7);
}

TEST(ProtobufMessage, keeps_repeated_fields_in_order) {
  ProtobufMessage message;
  for (const int value : {3, 1, 2}) message.integer(4, value);
  EXPECT_EQ(ProtobufFields(message.bytes()).integers(4), (std::vector<std::int64_t>{3, 1, 2}));
}

TEST(ProtobufMessage, long_texts_have_long_lengths) {
  const std::string text(70000, 'x');
  EXPECT_EQ(ProtobufFields(ProtobufMessage().text(1, text).bytes()).text(1), text);
}

}  // namespace
}  // namespace hourglass
