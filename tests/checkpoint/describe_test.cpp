#include "checkpoint/describe.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "checkpoint/state_example.hpp"
#include "hdf5/hdf5_example.hpp"
#include "support/expect_error.hpp"
#include "support/file_bytes.hpp"
#include "support/one_rank.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using namespace io_test;

class DescribeTest : public testing::Test {
 protected:
  static const DescribedDataset& dataset(const FileDescription& file, const std::string& path) {
    const auto found = std::find_if(file.datasets.begin(), file.datasets.end(),
                                    [&](const auto& d) { return d.path == path; });
    if (found == file.datasets.end()) throw std::runtime_error("no " + path);
    return *found;
  }

  static std::string value(const std::vector<DescribedAttribute>& attributes,
                           const std::string& name) {
    const auto found = std::find_if(attributes.begin(), attributes.end(),
                                    [&](const auto& a) { return a.name == name; });
    return found == attributes.end() ? "(none)" : found->value;
  }

  static void attach(hid_t file, const char* name, hid_t type, hsize_t count, const void* values) {
    const hid_t space = H5Screate_simple(1, &count, nullptr);
    const hid_t attribute = H5Acreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    ASSERT_GE(H5Awrite(attribute, type, values), 0);
    H5Aclose(attribute);
    H5Sclose(space);
  }

  TemporaryFolder folder_;
  std::string file_ = folder_.file("data.h5");
};

TEST_F(DescribeTest, tells_data_sets_groups_and_links) {
  {
    Hdf5Example example(file_);
    example.add_text("/names");
    const std::vector<hsize_t> chunk = {2, 3};
    H5Pset_chunk(example.creation(), 2, chunk.data());
    H5Pset_deflate(example.creation(), 1);
    example.add_floats("/group/x", {4, 3}, std::vector<float>(12, 1.0F));
    H5Lcreate_soft("/group/x", example.file(), "/soft", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("other.h5", "/y", example.file(), "/outside", H5P_DEFAULT, H5P_DEFAULT);
  }
  const FileDescription file = describe_file(file_);
  EXPECT_EQ(file.bytes, static_cast<Index>(read_bytes(file_).size()));
  EXPECT_FALSE(file.is_state);
  ASSERT_EQ(file.datasets.size(), 2U);
  const DescribedDataset& x = dataset(file, "/group/x");
  EXPECT_EQ(x.problem, "");
  EXPECT_EQ(x.type, "float32");
  EXPECT_EQ(x.info.shape, (std::vector<Index>{4, 3}));
  EXPECT_EQ(x.info.filters, std::vector<std::string>{"deflate"});
  EXPECT_GT(x.stored_bytes, 0);
  EXPECT_LT(x.stored_bytes, 48);
  const DescribedDataset& names = dataset(file, "/names");
  EXPECT_EQ(names.type, "text");
  EXPECT_NE(names.problem.find("holds text"), std::string::npos);
  EXPECT_EQ(names.info.shape, std::vector<Index>{2});
  ASSERT_EQ(file.groups.size(), 2U);
  EXPECT_EQ(file.groups[0].path, "/");
  EXPECT_EQ(file.groups[1].path, "/group");
  ASSERT_EQ(file.links.size(), 2U);
  EXPECT_EQ(file.links[0].target, "other.h5:/y");
  EXPECT_TRUE(file.links[0].external);
  EXPECT_EQ(file.links[1].target, "/group/x");
}

TEST_F(DescribeTest, shortens_attributes) {
  const std::vector<double> numbers = {1.5, 2, 3, 4, 5, 6, 7, 8, 9};
  const std::int64_t negative = -5;
  const std::uint64_t largest = ~std::uint64_t{0};
  const std::string long_text = std::string(150, 'x') + "\n" + std::string(150, 'y');
  const hid_t text = H5Tcopy(H5T_C_S1);
  H5Tset_size(text, long_text.size());
  const hid_t variable = H5Tcopy(H5T_C_S1);
  H5Tset_size(variable, H5T_VARIABLE);
  const std::vector<const char*> items = {"a", nullptr, "bc"};
  {
    const Hdf5Example example(file_);
    attach(example.file(), "numbers", H5T_NATIVE_DOUBLE, numbers.size(), numbers.data());
    attach(example.file(), "negative", H5T_NATIVE_INT64, 1, &negative);
    attach(example.file(), "largest", H5T_NATIVE_UINT64, 1, &largest);
    attach(example.file(), "text", text, 1, long_text.data());
    attach(example.file(), "items", variable, items.size(), items.data());
  }
  H5Tclose(text);
  H5Tclose(variable);
  const auto attributes = describe_file(file_).groups.at(0).attributes;
  EXPECT_EQ(value(attributes, "numbers"), "1.5, 2, 3, 4, 5, 6, 7, 8, ... (9 values)");
  EXPECT_EQ(value(attributes, "negative"), "-5");
  EXPECT_EQ(value(attributes, "largest"), "18446744073709551615");
  EXPECT_EQ(value(attributes, "text"), std::string(150, 'x') + " " + std::string(49, 'y') + "...");
  EXPECT_EQ(value(attributes, "items"), "a, , bc");
}

TEST_F(DescribeTest, knows_our_files) {
  write_example(one_rank(), file_);
  const FileDescription file = describe_file(file_);
  EXPECT_TRUE(file.is_state);
  EXPECT_EQ(dataset(file, "/model/encoder/0/weight").info.shape, (std::vector<Index>{7, 30}));
}

TEST_F(DescribeTest, refuses_other_files) {
  expect_error(ErrorKind::io, "no such file", [&] { (void)describe_file(file_); });
  write_bytes(file_, "x");
  expect_error(ErrorKind::data, "not an HDF5 file", [&] { (void)describe_file(file_); });
}

TEST_F(DescribeTest, damage_is_an_error_or_told) {
  {
    const Hdf5Example example(file_);
    example.add_floats("/a/b/c", {4, 3}, std::vector<float>(12, 1.0F));
  }
  const std::string sound = read_bytes(file_);
  for (std::size_t at = 0; at < sound.size(); at += 5) {
    const ByteInFile damaged(file_, at, static_cast<char>(~sound[at]), sound[at]);
    try {
      (void)describe_file(file_);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::data) << error.what();
    }
  }
}

}  // namespace
}  // namespace hourglass
