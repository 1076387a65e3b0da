#pragma once

#include <gtest/gtest.h>
#include <hdf5.h>

#include <string>
#include <vector>

/// Writes the files that others write, straight with the C library.
namespace hourglass::io_test {

class Hdf5Example {
 public:
  explicit Hdf5Example(const std::string& path)
      : file_(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT)) {
    EXPECT_GE(file_, 0);
    links_ = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links_, 1);
    creation_ = H5Pcreate(H5P_DATASET_CREATE);
  }
  ~Hdf5Example() {
    H5Pclose(creation_);
    H5Pclose(links_);
    EXPECT_GE(H5Fclose(file_), 0);
  }
  Hdf5Example(const Hdf5Example&) = delete;
  Hdf5Example& operator=(const Hdf5Example&) = delete;

  [[nodiscard]] hid_t file() const { return file_; }
  /// Properties of the data sets made next.
  [[nodiscard]] hid_t creation() const { return creation_; }
  void default_creation() {
    H5Pclose(creation_);
    creation_ = H5Pcreate(H5P_DATASET_CREATE);
  }

  /// A data set of that stored type with these values of type `memory`; not written when `values`
  /// is null.
  void add(const std::string& path, const std::vector<hsize_t>& shape, hid_t stored, hid_t memory,
           const void* values) const {
    const hid_t space =
        shape.empty() ? H5Screate(H5S_SCALAR)
                      : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t set =
        H5Dcreate2(file_, path.c_str(), stored, space, links_, creation_, H5P_DEFAULT);
    ASSERT_GE(set, 0) << path;
    if (values != nullptr) {
      ASSERT_GE(H5Dwrite(set, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0) << path;
    }
    H5Dclose(set);
    H5Sclose(space);
  }

  void add_floats(const std::string& path, const std::vector<hsize_t>& shape,
                  const std::vector<float>& values, hid_t stored = H5T_IEEE_F32LE) const {
    add(path, shape, stored, H5T_NATIVE_FLOAT, values.data());
  }

  void add_text(const std::string& path) const {
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, 3);
    add(path, {2}, type, type, "ab\0cd\0");
    H5Tclose(type);
  }

 private:
  hid_t file_;
  hid_t links_;
  hid_t creation_;
};

}  // namespace hourglass::io_test
