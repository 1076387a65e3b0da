#include "formats/npy.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "import/import_files.hpp"

namespace hourglass {
namespace {

ArrayFormat parse(const std::string& header) {
  return parse_npy_header(bytes_of(npy_text(header, "")), "x.npy");
}

void expect_refused(const std::string& header, const std::string& part) {
  expect_error([&] { parse(header); }, ErrorKind::data, {"x.npy: ", part});
}

TEST(Npy, headers_are_read) {
  const ArrayFormat plain =
      parse("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 28, 28), }   \n");
  EXPECT_EQ(plain.shape, (std::vector<Index>{3, 28, 28}));
  EXPECT_EQ(plain.type, ElementType::f32);
  EXPECT_FALSE(plain.swapped);
  EXPECT_EQ(plain.data_offset, 10 + 68);
  const ArrayFormat half = parse("{\"shape\":(7L,),\"fortran_order\":True,\"descr\":\">f2\"}");
  EXPECT_TRUE(half.narrow == NarrowFloat::float16 && half.swapped);
  EXPECT_EQ(half.stored_size(), 2);
  EXPECT_FALSE(parse("{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}").swapped);
}

TEST(Npy, what_is_no_table_of_numbers_is_refused) {
  expect_refused("{'descr': '|O', 'fortran_order': False, 'shape': (3,)}",
                 "pickled Python objects, which are refused");
  expect_refused("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (3,)}", "structures");
  expect_refused("{'descr': '<U5', 'fortran_order': False, 'shape': (3,)}", "'<U5'");
  expect_refused("{'descr': '<c8', 'fortran_order': False, 'shape': (3,)}", "cannot be read");
  for (const char* type : {"|V2", "<V2"}) {
    expect_refused(std::string("{'descr': '") + type + "', 'fortran_order': False, 'shape': (3,)}",
                   "bfloat16: save it as safetensors, or in HDF5 as uint16 with the attribute");
  }
  expect_refused("{'descr': '<f4', 'fortran_order': True, 'shape': (3, 4)}", "Fortran order");
  expect_refused("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", "a single value");
  expect_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 0)}", "no features");
  expect_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000000000, 1000)}",
                 "more than any file can hold");
  expect_refused("{'descr': '<f2', 'fortran_order': False, 'shape': (0, 71, 75618059260707912)}",
                 "more than any file can hold");
  expect_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
                 "impossible shape");
  expect_refused("{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}",
                 "negative shape, -3 elements");
  for (const char* broken : {"", "{", "{'descr'}", "{'descr': '<f4'}",
                             "{'shape': (3 4), 'descr': '<f4'}", "{'other': 3}", "[]"}) {
    expect_refused(broken, "header");
  }
}

TEST(Npy, damaged_beginnings_are_refused) {
  const std::string whole = npy_text("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", "");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_THROW(static_cast<void>(parse_npy_header(bytes_of(whole.substr(0, size)), "x")), Error)
        << size;
  }
  std::string future = whole;
  future[6] = 9;
  expect_error([&] { static_cast<void>(parse_npy_header(bytes_of(future), "x")); }, ErrorKind::data,
               {"version 9"});
}

TEST(Npy, numbers_are_swapped_and_widened) {
  ArrayFormat format = number_format(">i2");
  std::vector<std::byte> stored = bytes_of(std::string("\x01\x02\xff\xfe", 4));
  std::int16_t numbers[2];
  to_native(format, stored, std::as_writable_bytes(std::span(numbers)));
  EXPECT_EQ(numbers[0], 258);
  EXPECT_EQ(numbers[1], -2);
  format = number_format("float16");
  stored = bytes_of(std::string("\x00\x3c\x01\x00\x00\xc0\x00\x7c", 8));
  float wide[4];
  to_native(format, stored, std::as_writable_bytes(std::span(wide)));
  EXPECT_EQ(wide[0], 1.0F);
  EXPECT_EQ(wide[1], 0x1p-24F);
  EXPECT_EQ(wide[2], -2.0F);
  EXPECT_TRUE(wide[3] > 3e38F);
  expect_error([] { static_cast<void>(number_format("float99")); }, ErrorKind::usage,
               {"float99", "uint8"});
}

}  // namespace
}  // namespace hourglass
