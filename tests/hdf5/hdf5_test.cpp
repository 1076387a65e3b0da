#include "hdf5/hdf5.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <thread>

#include "hdf5/hdf5_example.hpp"
#include "support/expect_error.hpp"
#include "support/file_bytes.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using namespace io_test;

class DatasetReaderTest : public testing::Test {
 protected:
  [[nodiscard]] DatasetReader open(const std::string& path) const {
    return DatasetReader({file_, path});
  }

  template <class T>
  [[nodiscard]] std::vector<T> read(const std::string& path, Range rows) const {
    const DatasetReader reader = open(path);
    EXPECT_EQ(size_of(reader.info().type), static_cast<Index>(sizeof(T)));
    std::vector<T> values(static_cast<std::size_t>(rows.size() * reader.info().features()));
    reader.read_rows(rows, std::as_writable_bytes(std::span(values)));
    return values;
  }

  static std::vector<float> counting(std::size_t count) {
    std::vector<float> values(count);
    std::iota(values.begin(), values.end(), -3.0F);
    return values;
  }

  void refused(ErrorKind kind, const std::string& path, const std::string& part) const {
    expect_error(kind, part, [&] { (void)open(path); });
  }

  TemporaryFolder folder_;
  std::string file_ = folder_.file("data.h5");
};

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

TEST_F(DatasetReaderTest, refuses_what_is_no_table_of_numbers) {
  const hid_t compound = H5Tcreate(H5T_COMPOUND, 8);
  H5Tinsert(compound, "a", 0, H5T_NATIVE_FLOAT);
  H5Tinsert(compound, "b", 4, H5T_NATIVE_INT);
  const hid_t complex = H5Tcreate(H5T_COMPOUND, 8);
  H5Tinsert(complex, "r", 0, H5T_NATIVE_FLOAT);
  H5Tinsert(complex, "i", 4, H5T_NATIVE_FLOAT);
  const std::vector<float> zeros(8);
  {
    const Hdf5Example example(file_);
    example.add_text("/text");
    example.add("/compound", {3}, compound, compound, zeros.data());
    example.add("/complex", {3}, complex, complex, zeros.data());
    example.add("/long", {3}, H5T_NATIVE_LDOUBLE, H5T_NATIVE_FLOAT, zeros.data());
    example.add_floats("/scalar", {}, {1.0F});
    example.add("/group/nothing", {4, 0}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, nullptr);
  }
  H5Tclose(compound);
  H5Tclose(complex);
  refused(ErrorKind::data, "/text", "holds text");
  refused(ErrorKind::data, "/compound", "holds compound");
  refused(ErrorKind::data, "/complex", "holds complex numbers");
  refused(ErrorKind::data, "/long", "holds float128");
  refused(ErrorKind::data, "/scalar", "single value");
  refused(ErrorKind::data, "/group/nothing", "no features");
  refused(ErrorKind::data, "/group", "is a group, not a data set; it holds /group/nothing");
}

TEST_F(DatasetReaderTest, refuses_external_links_and_storage) {
  const std::string other = folder_.file("other.h5");
  write_bytes(folder_.file("raw.bin"), std::string(48, 'x'));
  { Hdf5Example(other).add_floats("/x", {1}, {1.0F}); }
  {
    Hdf5Example example(file_);
    H5Lcreate_external(other.c_str(), "/x", example.file(), "/link", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/link", example.file(), "/indirect", H5P_DEFAULT, H5P_DEFAULT);
    H5Pset_external(example.creation(), folder_.file("raw.bin").c_str(), 0, 48);
    example.add("/outside", {4, 3}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, nullptr);
  }
  refused(ErrorKind::data, "/link", "another file");
  refused(ErrorKind::data, "/indirect", "another file");
  refused(ErrorKind::data, "/outside", "external storage");
  for (const char* path : {"/link", "/indirect", "/outside"})
    refused(ErrorKind::data, path, "--allow-external");
  for (const char* path : {"/link", "/indirect"}) {
    EXPECT_EQ(DatasetReader({file_, path, true}).info().rows(), 1) << path;
  }
  const DatasetReader outside({file_, "/outside", true});
  std::string values(48, ' ');
  outside.read_rows({0, 4}, std::as_writable_bytes(std::span(values)));
  EXPECT_EQ(values, std::string(48, 'x'));
  write_bytes(folder_.file("raw.bin"), std::string(47, 'x'));
  expect_error(ErrorKind::data, "too short", [&] { DatasetReader({file_, "/outside", true}); });
  std::filesystem::remove(folder_.file("raw.bin"));
  expect_error(ErrorKind::io, "raw.bin", [&] { DatasetReader({file_, "/outside", true}); });
}

TEST_F(DatasetReaderTest, virtual_sets_need_all_their_sources) {
  const std::string other = folder_.file("other.h5");
  { Hdf5Example(other).add_floats("/x", {2, 3}, counting(6)); }
  { Hdf5Example(folder_.file("short.h5")).add_floats("/x", {1, 3}, counting(3)); }
  { Hdf5Example(folder_.file("empty.h5")).add_floats("/y", {2, 3}, counting(6)); }
  const auto add_virtual = [](Hdf5Example& example, const std::string& path,
                              const std::vector<std::string>& sources) {
    const std::vector<hsize_t> whole = {4, 3};
    const std::vector<hsize_t> half = {2, 3};
    const hid_t place = H5Screate_simple(2, whole.data(), nullptr);
    const hid_t source_space = H5Screate_simple(2, half.data(), nullptr);
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const std::vector<hsize_t> start = {2 * i, 0};
      H5Sselect_hyperslab(place, H5S_SELECT_SET, start.data(), nullptr, half.data(), nullptr);
      H5Pset_virtual(example.creation(), place, sources[i].c_str(), "/x", source_space);
    }
    H5Sclose(source_space);
    H5Sclose(place);
    example.add(path, whole, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, nullptr);
    example.default_creation();
  };
  {
    Hdf5Example example(file_);
    add_virtual(example, "/whole", {"other.h5", other});
    add_virtual(example, "/half", {"other.h5"});
    add_virtual(example, "/missing", {"other.h5", "none.h5"});
    add_virtual(example, "/short", {"other.h5", "short.h5"});
    add_virtual(example, "/empty", {"other.h5", "empty.h5"});
  }
  auto twice = counting(6);
  const auto once = counting(6);
  twice.insert(twice.end(), once.begin(), once.end());
  refused(ErrorKind::data, "/whole",
          "virtual data set over other files (other.h5), which are not followed");
  const DatasetReader whole({file_, "/whole", true});
  std::vector<float> values(twice.size());
  whole.read_rows({0, 4}, std::as_writable_bytes(std::span(values)));
  EXPECT_EQ(values, twice);
  expect_error(ErrorKind::data, "do not cover", [&] { DatasetReader({file_, "/half", true}); });
  expect_error(ErrorKind::io,
               "/missing: is a virtual data set that needs another file: none.h5: no such file",
               [&] {
                 DatasetReader({file_, "/missing", true});
               });
}

TEST_F(DatasetReaderTest, refuses_filters_of_plug_ins) {
  {
    Hdf5Example example(file_);
    const std::vector<hsize_t> chunk = {2, 3};
    H5Pset_chunk(example.creation(), 2, chunk.data());
    // Optional: the library stores the values plain, but a reader may not rely on that.
    H5Pset_filter(example.creation(), 32000, H5Z_FLAG_OPTIONAL, 0, nullptr);
    example.add_floats("/x", {4, 3}, counting(12));
  }
  refused(ErrorKind::data, "/x", "32000");
}

TEST_F(DatasetReaderTest, refuses_rows_that_were_never_written) {
  {
    Hdf5Example example(file_);
    example.add("/huge", {hsize_t{1} << 40, 1000}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, nullptr);
    example.add("/overflow", {hsize_t{1} << 40, hsize_t{1} << 40}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT,
                nullptr);
    example.add("/empty", {0, 3}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, nullptr);
    const std::vector<hsize_t> chunk = {2, 3};
    H5Pset_chunk(example.creation(), 2, chunk.data());
    example.add("/chunks", {5, 3}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, nullptr);
    example.add("/many", {hsize_t{1} << 58, 3}, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, nullptr);
  }
  refused(ErrorKind::data, "/huge", "never written");
  refused(ErrorKind::data, "/overflow", "impossible shape");
  refused(ErrorKind::data, "/chunks", "0 of its 3 chunks");
  refused(ErrorKind::data, "/many", "claims");
  EXPECT_EQ(open("/empty").info().rows(), 0);
  open("/empty").read_rows({0, 0}, {});
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

TEST_F(DatasetReaderTest, tells_bad_files_apart) {
  refused(ErrorKind::io, "/x", "no such file");
  write_bytes(file_, "");
  refused(ErrorKind::data, "/x", "is empty (0 bytes)");
  write_bytes(file_, "hello\n");
  refused(ErrorKind::data, "/x", "is not an HDF5 file");
  expect_error(ErrorKind::io, "is a folder", [&] { (void)DatasetReader({folder_.path(), "/x"}); });
  expect_error(ErrorKind::io, "not a regular file", [&] {
    (void)DatasetReader({"/dev/null", "/x"});
  });
  { Hdf5Example(file_).add_floats("/x", {1}, {1.0F}); }
  expect_error(ErrorKind::io, "did you mean " + file_ + ":/x?", [&] {
    (void)DatasetReader({file_ + "/x", ""});
  });
  if (geteuid() != 0) {
    std::filesystem::permissions(file_, std::filesystem::perms::none);
    refused(ErrorKind::io, "/x", "permission denied");
  }
}

TEST_F(DatasetReaderTest, every_truncation_is_an_error) {
  const auto values = counting(3000);
  { Hdf5Example(file_).add_floats("/x", {300, 10}, values); }
  const std::string sound = read_bytes(file_);
  for (std::size_t size = 0; size < sound.size(); size += 1 + size / 20) {
    write_bytes(file_, sound.substr(0, size));
    refused(ErrorKind::data, "/x", "data.h5");
  }
  write_bytes(file_, sound.substr(0, sound.size() - 1));
  refused(ErrorKind::data, "/x", "truncated");
}

TEST_F(DatasetReaderTest, damaged_chunk_is_an_error_with_the_rows) {
  {
    Hdf5Example example(file_);
    const std::vector<hsize_t> chunk = {100, 10};
    H5Pset_chunk(example.creation(), 2, chunk.data());
    H5Pset_fletcher32(example.creation());
    example.add_floats("/x", {300, 10}, counting(3000));
  }
  std::string bytes = read_bytes(file_);
  const float needle = 1500.0F;
  const std::size_t place =
      bytes.find(std::string(reinterpret_cast<const char*>(&needle), sizeof needle));
  ASSERT_NE(place, std::string::npos);
  bytes[place] = static_cast<char>(bytes[place] ^ 4);
  write_bytes(file_, bytes);
  const DatasetReader reader = open("/x");
  std::vector<float> values(1000);
  reader.read_rows({0, 100}, std::as_writable_bytes(std::span(values)));
  expect_error(ErrorKind::data, "rows 100 to 199 cannot be read", [&] {
    reader.read_rows({100, 200}, std::as_writable_bytes(std::span(values)));
  });
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
