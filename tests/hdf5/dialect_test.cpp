#include "hdf5/dialect.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "hdf5/hdf5_example.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using io_test::Hdf5Example;

void add_attribute(hid_t object, const char* name, hid_t type, const void* values,
                   hsize_t count = 1) {
  const hid_t space = H5Screate_simple(1, &count, nullptr);
  const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  ASSERT_GE(attribute, 0) << name;
  EXPECT_GE(H5Awrite(attribute, type, values), 0);
  H5Aclose(attribute);
  H5Sclose(space);
}

void add_text_attribute(hid_t object, const char* name, const std::string& text) {
  const hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, text.size());
  const hid_t space = H5Screate(H5S_SCALAR);
  const hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  ASSERT_GE(attribute, 0) << name;
  EXPECT_GE(H5Awrite(attribute, type, text.data()), 0);
  H5Aclose(attribute);
  H5Sclose(space);
  H5Tclose(type);
}

template <class T>
std::vector<T> all_rows(const DatasetReader& reader) {
  std::vector<T> values(static_cast<std::size_t>(reader.info().rows() * reader.info().features()));
  reader.read_rows({0, reader.info().rows()}, std::as_writable_bytes(std::span(values)));
  return values;
}

class DialectTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  std::string file_ = folder_.path() + "/f.h5";
};

TEST_F(DialectTest, packed_numbers_are_unpacked_and_fill_is_missing) {
  {
    const Hdf5Example example(file_);
    const std::vector<std::int16_t> stored = {0, 100, -32767, 5};
    example.add("/t2m", {2, 2}, H5T_STD_I16LE, H5T_NATIVE_INT16, stored.data());
    const hid_t set = H5Dopen2(example.file(), "/t2m", H5P_DEFAULT);
    const double scale = 0.5;
    const double offset = 250;
    const std::int16_t fill = -32767;
    add_attribute(set, "scale_factor", H5T_NATIVE_DOUBLE, &scale);
    add_attribute(set, "add_offset", H5T_NATIVE_DOUBLE, &offset);
    add_attribute(set, "_FillValue", H5T_NATIVE_INT16, &fill);
    H5Dclose(set);
  }
  const DatasetReader reader({file_, "/t2m"});
  EXPECT_EQ(reader.info().type, ElementType::f64);
  EXPECT_EQ(reader.info().decoding, "packed int16: x 0.5 + 250, missing -32767");
  const auto values = all_rows<double>(reader);
  EXPECT_EQ(values[0], 250);
  EXPECT_EQ(values[1], 300);
  EXPECT_TRUE(std::isnan(values[2]));
  EXPECT_EQ(values[3], 252.5);
}

TEST_F(DialectTest, unsigned_marks_make_signed_bytes_unsigned) {
  {
    const Hdf5Example example(file_);
    const std::vector<std::int8_t> stored = {-1, 1, -128, 0};
    example.add("/x", {2, 2}, H5T_STD_I8LE, H5T_NATIVE_INT8, stored.data());
    const hid_t set = H5Dopen2(example.file(), "/x", H5P_DEFAULT);
    add_text_attribute(set, "_Unsigned", "true");
    const std::int8_t fill = -1;
    add_attribute(set, "_FillValue", H5T_NATIVE_INT8, &fill);
    H5Dclose(set);
  }
  const auto values = all_rows<float>(DatasetReader({file_, "/x"}));
  EXPECT_TRUE(std::isnan(values[0])) << "255 is the fill value";
  EXPECT_EQ(values[1], 1);
  EXPECT_EQ(values[2], 128);
}

TEST_F(DialectTest, default_fill_values_count_in_netcdf_files_only) {
  const auto write = [&](bool netcdf) {
    const Hdf5Example example(file_);
    example.add_floats("/x", {1, 2}, {9.9692099683868690e+36F, 2});
    if (netcdf) add_text_attribute(example.file(), "_NCProperties", "version=2");
  };
  write(false);
  EXPECT_EQ(all_rows<float>(DatasetReader({file_, "/x"}))[0], 9.9692099683868690e+36F);
  write(true);
  EXPECT_TRUE(std::isnan(all_rows<float>(DatasetReader({file_, "/x"}))[0]));
}

TEST_F(DialectTest, a_packing_that_is_not_a_number_is_refused) {
  {
    const Hdf5Example example(file_);
    example.add_floats("/x", {1, 2}, {1, 2});
    const hid_t set = H5Dopen2(example.file(), "/x", H5P_DEFAULT);
    add_text_attribute(set, "scale_factor", "0.5");
    H5Dclose(set);
  }
  io_test::expect_error(ErrorKind::data, "scale_factor", [&] { DatasetReader({file_, "/x"}); });
}

TEST_F(DialectTest, matlab_matrices_are_read_as_matlab_shows_them) {
  {
    const Hdf5Example example(file_);
    // A = [1 2 3; 4 5 6] in MATLAB: 2 x 3, stored as 3 x 2.
    example.add_floats("/A", {3, 2}, {1, 4, 2, 5, 3, 6});
    const hid_t set = H5Dopen2(example.file(), "/A", H5P_DEFAULT);
    add_text_attribute(set, "MATLAB_class", "single");
    H5Dclose(set);
  }
  const DatasetReader reader({file_, "/A"});
  EXPECT_EQ(reader.info().shape, (std::vector<Index>{2, 3}));
  EXPECT_EQ(all_rows<float>(reader), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  std::vector<float> second(3);
  reader.read_rows({1, 2}, std::as_writable_bytes(std::span(second)));
  EXPECT_EQ(second, (std::vector<float>{4, 5, 6}));
}

TEST_F(DialectTest, sparse_anndata_is_recognised_instead_of_the_only_table) {
  {
    const Hdf5Example example(file_);
    example.add_floats("/obsm/X_pca", {2, 2}, {1, 2, 3, 4});
    example.add_floats("/X/data", {2}, {1, 2});
    example.add_floats("/X/indices", {2}, {0, 1});
    example.add_floats("/X/indptr", {3}, {0, 1, 2});
    add_text_attribute(example.file(), "encoding-type", "anndata");
    const hid_t x = H5Gopen2(example.file(), "/X", H5P_DEFAULT);
    add_text_attribute(x, "encoding-type", "csc_matrix");
    H5Gclose(x);
  }
  io_test::expect_error(ErrorKind::data, "sparse matrix stored by columns (CSC)", [&] {
    DatasetReader({file_, ""});
  });
  io_test::expect_error(ErrorKind::data, "sparse matrix stored by columns (CSC)", [&] {
    DatasetReader({file_, "/X"});
  });
  EXPECT_EQ(DatasetReader({file_, "/obsm/X_pca"}).info().rows(), 2);
}

TEST_F(DialectTest, dense_anndata_without_a_path_is_its_x) {
  {
    const Hdf5Example example(file_);
    example.add_floats("/obsm/X_pca", {2, 2}, {1, 2, 3, 4});
    example.add_floats("/X", {2, 3}, {1, 2, 3, 4, 5, 6});
    add_text_attribute(example.file(), "encoding-type", "anndata");
  }
  EXPECT_EQ(DatasetReader({file_, ""}).info().address.path, "/X");
}

}  // namespace
}  // namespace hourglass
