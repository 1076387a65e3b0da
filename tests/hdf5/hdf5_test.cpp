#include "hdf5/hdf5.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "hdf5/dataset_reader_fixture.hpp"

namespace hourglass {
namespace {

using namespace io_test;

TEST_F(DatasetReaderTest, reads_every_integer_type_in_both_byte_orders) {
  struct Case {
    hid_t stored;
    ElementType type;
  };
  const std::vector<Case> cases = {
      {H5T_STD_U8LE, ElementType::u8},   {H5T_STD_I8BE, ElementType::i8},
      {H5T_STD_U16LE, ElementType::u16}, {H5T_STD_U16BE, ElementType::u16},
      {H5T_STD_I16LE, ElementType::i16}, {H5T_STD_I16BE, ElementType::i16},
      {H5T_STD_U32LE, ElementType::u32}, {H5T_STD_U32BE, ElementType::u32},
      {H5T_STD_I32BE, ElementType::i32}, {H5T_STD_U64BE, ElementType::u64},
      {H5T_STD_I64LE, ElementType::i64}, {H5T_STD_I64BE, ElementType::i64},
  };
  const std::vector<std::int64_t> values = {0, 1, 100, 127, 5, 6};
  {
    const Hdf5Example example(file_);
    for (std::size_t i = 0; i < cases.size(); ++i) {
      example.add("/t" + std::to_string(i), {3, 2}, cases[i].stored, H5T_NATIVE_INT64,
                  values.data());
    }
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const DatasetReader reader = open("/t" + std::to_string(i));
    ASSERT_EQ(reader.info().type, cases[i].type);
    std::vector<std::byte> bytes(static_cast<std::size_t>(3 * reader.info().row_bytes()));
    reader.read_rows({0, 3}, bytes);
    for (std::size_t v = 0; v < values.size(); ++v) {
      // Native order here is little-endian: the low byte comes first and these values need no
      // other.
      const std::size_t at = v * static_cast<std::size_t>(size_of(cases[i].type));
      EXPECT_EQ(static_cast<std::int64_t>(bytes[at]), values[v]) << "case " << i;
      for (Index b = 1; b < size_of(cases[i].type); ++b)
        EXPECT_EQ(bytes[at + static_cast<std::size_t>(b)], std::byte{0});
    }
  }
}

TEST_F(DatasetReaderTest, reads_extreme_integers_and_floats) {
  const std::vector<std::uint64_t> large = {0, std::numeric_limits<std::uint64_t>::max()};
  const std::vector<std::int16_t> negative = {-32768, 32767};
  const std::vector<double> doubles = {1e300, -0.0, std::nan(""),
                                       std::numeric_limits<double>::infinity()};
  {
    const Hdf5Example example(file_);
    example.add("/u64", {2}, H5T_STD_U64BE, H5T_NATIVE_UINT64, large.data());
    example.add("/i16", {2}, H5T_STD_I16BE, H5T_NATIVE_INT16, negative.data());
    example.add("/f64", {4}, H5T_IEEE_F64BE, H5T_NATIVE_DOUBLE, doubles.data());
  }
  EXPECT_EQ(read<std::uint64_t>("/u64", {0, 2}), large);
  EXPECT_EQ(read<std::int16_t>("/i16", {0, 2}), negative);
  const auto values = read<double>("/f64", {0, 4});
  EXPECT_EQ(values[0], 1e300);
  EXPECT_TRUE(std::signbit(values[1]));
  EXPECT_TRUE(std::isnan(values[2]));
  EXPECT_TRUE(std::isinf(values[3]));
}

TEST_F(DatasetReaderTest, reads_half_precision_and_booleans) {
  const hid_t half = H5Tcopy(H5T_IEEE_F32LE);
  H5Tset_fields(half, 15, 10, 5, 0, 10);
  H5Tset_size(half, 2);
  H5Tset_ebias(half, 15);
  const hid_t boolean = H5Tenum_create(H5T_NATIVE_INT8);
  const std::int8_t no = 0;
  const std::int8_t yes = 1;
  H5Tenum_insert(boolean, "FALSE", &no);
  H5Tenum_insert(boolean, "TRUE", &yes);
  const std::vector<std::int8_t> flags = {1, 0, 1};
  {
    const Hdf5Example example(file_);
    example.add_floats("/half", {3}, {0.5F, -2.0F, 65504.0F}, half);
    example.add("/flags", {3}, boolean, boolean, flags.data());
  }
  H5Tclose(half);
  H5Tclose(boolean);
  EXPECT_EQ(open("/half").info().type, ElementType::f32);
  EXPECT_EQ(read<float>("/half", {0, 3}), (std::vector<float>{0.5F, -2.0F, 65504.0F}));
  EXPECT_EQ(open("/flags").info().type, ElementType::u8);
  EXPECT_EQ(read<std::uint8_t>("/flags", {0, 3}), (std::vector<std::uint8_t>{1, 0, 1}));
}

TEST_F(DatasetReaderTest, reads_any_rows_of_images_in_every_layout) {
  const auto values = counting(7 * 2 * 3);
  {
    Hdf5Example example(file_);
    example.add_floats("/contiguous", {7, 2, 3}, values);
    const std::vector<hsize_t> chunk = {2, 2, 2};
    H5Pset_chunk(example.creation(), 3, chunk.data());
    example.add_floats("/chunked", {7, 2, 3}, values);
    H5Pset_shuffle(example.creation());
    H5Pset_deflate(example.creation(), 6);
    H5Pset_fletcher32(example.creation());
    example.add_floats("/deep/er/compressed", {7, 2, 3}, values);
    example.default_creation();
    H5Pset_layout(example.creation(), H5D_COMPACT);
    example.add_floats("/compact", {7, 2, 3}, values);
    H5Lcreate_soft("/chunked", example.file(), "/soft", H5P_DEFAULT, H5P_DEFAULT);
  }
  for (const std::string path :
       {"/contiguous", "/chunked", "/deep/er/compressed", "/compact", "/soft"}) {
    const DatasetInfo info = open(path).info();
    EXPECT_EQ(info.shape, (std::vector<Index>{7, 2, 3})) << path;
    EXPECT_EQ(info.rows(), 7);
    EXPECT_EQ(info.features(), 6);
    EXPECT_EQ(info.row_bytes(), 24);
    for (const Range rows : {Range{0, 7}, Range{3, 4}, Range{1, 6}, Range{6, 7}, Range{4, 4}}) {
      const std::vector<float> expected(values.begin() + rows.begin * 6,
                                        values.begin() + rows.end * 6);
      EXPECT_EQ(read<float>(path, rows), expected) << path << " " << rows.begin;
    }
  }
  const DatasetInfo info = open("/deep/er/compressed").info();
  EXPECT_TRUE(info.chunked);
  EXPECT_EQ(info.chunk, (std::vector<Index>{2, 2, 2}));
  EXPECT_EQ(info.filters, (std::vector<std::string>{"shuffle", "deflate", "fletcher32"}));
  EXPECT_FALSE(open("/contiguous").info().chunked);
}

TEST_F(DatasetReaderTest, lists_what_exists_nearest_first_and_at_most_ten) {
  {
    const Hdf5Example example(file_);
    example.add_floats("/train/samples", {1}, {1.0F});
    example.add_floats("/train/labels", {1}, {1.0F});
    for (int i = 0; i < 12; ++i) example.add_floats("/other" + std::to_string(i), {1}, {1.0F});
  }
  const std::string message =
      expect_error(ErrorKind::data, "no such data set; it holds /train/samples, ",
                   [&] { (void)open("/train/sample"); });
  EXPECT_NE(message.find("and 4 more"), std::string::npos) << message;
  { const Hdf5Example empty(file_); }
  refused(ErrorKind::data, "/x", "it holds no data sets");
}

TEST_F(DatasetReaderTest, path_may_be_left_out_when_there_is_one_table) {
  {
    const Hdf5Example example(file_);
    example.add_floats("/a/samples", {3, 2}, counting(6));
    example.add_floats("/a/labels", {3}, counting(3));
    example.add_text("/names");
  }
  EXPECT_EQ(open("").info().address.path, "/a/samples");
  {
    const Hdf5Example example(file_);
    example.add_floats("/a", {3, 2}, counting(6));
    example.add_floats("/b", {3, 2}, counting(6));
  }
  refused(ErrorKind::data, "", "it holds /a, /b; name one");
  { Hdf5Example(file_).add_text("/names"); }
  refused(ErrorKind::data, "", "none of numbers");
}

TEST_F(DatasetReaderTest, wrong_use_is_a_bug) {
  { Hdf5Example(file_).add_floats("/x", {3, 2}, counting(6)); }
  const DatasetReader reader = open("/x");
  std::vector<std::byte> bytes(8);
  expect_error(ErrorKind::bug, "rows outside", [&] { reader.read_rows({3, 4}, bytes); });
  expect_error(ErrorKind::bug, "another size", [&] { reader.read_rows({0, 2}, bytes); });
}

TEST_F(DatasetReaderTest, threads_read_while_others_open) {
  const auto values = counting(3000);
  { Hdf5Example(file_).add_floats("/x", {300, 10}, values); }
  const auto work = [&] {
    for (int i = 0; i < 20; ++i) EXPECT_EQ(read<float>("/x", {0, 300}), values);
  };
  std::thread first(work);
  std::thread second(work);
  first.join();
  second.join();
}

TEST_F(DatasetReaderTest, open_reader_blocks_no_writer) {
  { Hdf5Example(file_).add_floats("/x", {3, 2}, counting(6)); }
  const DatasetReader reader = open("/x");
  // Another process; in this one the library itself knows the file to be open.
  const std::string command =
      "/usr/bin/python3 -c \"import h5py; h5py.File('" + file_ + "', 'a')['y'] = 1\" 2>/dev/null";
  if (std::system("/usr/bin/python3 -c 'import h5py' 2>/dev/null") != 0)
    GTEST_SKIP() << "needs h5py";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace hourglass
