#include "hdf5/dataset_checks.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "hdf5/dataset_reader_fixture.hpp"
#include "support/file_bytes.hpp"

namespace hourglass {
namespace {

using namespace io_test;

TEST_F(DatasetReaderTest, refuses_what_is_no_table_of_numbers) {
  const hid_t compound = H5Tcreate(H5T_COMPOUND, 8);
  H5Tinsert(compound, "a", 0, H5T_NATIVE_FLOAT);
  const hid_t text = H5Tcopy(H5T_C_S1);
  H5Tset_size(text, 4);
  H5Tinsert(compound, "b", 4, text);
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
  H5Tclose(text);
  H5Tclose(complex);
  refused(ErrorKind::data, "/text", "holds text");
  refused(ErrorKind::data, "/compound", "holds records, and these fields are not numbers: 'b'");
  refused(ErrorKind::data, "/complex", "holds complex numbers");
  refused(ErrorKind::data, "/long", "holds float128");
  refused(ErrorKind::data, "/scalar", "single value");
  refused(ErrorKind::data, "/group/nothing", "no features");
  refused(ErrorKind::data, "/group", "is a group, not a data set; it holds /group/nothing");
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

}  // namespace
}  // namespace hourglass
