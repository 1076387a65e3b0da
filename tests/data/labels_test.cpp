#include "data/labels.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "hourglass/core/error.hpp"
#include "support/hdf5_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

std::string message_of(const DatasetAddress& address, Index samples) {
  try {
    static_cast<void>(read_labels(address, samples));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::data);
    return error.what();
  }
  return "nothing thrown";
}

std::vector<std::int64_t> values_of(const DatasetAddress& address, Index samples) {
  return read_labels(address, samples).values;
}

// A data set of text beside what the file holds, each text of `size` bytes.
DatasetAddress add_texts(const std::string& path, const std::string& name,
                         const std::vector<std::string>& texts, bool variable) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t type = H5Tcopy(H5T_C_S1);
  constexpr std::size_t size = 8;
  H5Tset_size(type, variable ? H5T_VARIABLE : size);
  const std::vector<hsize_t> shape = {texts.size(), 1};
  const hid_t space = H5Screate_simple(variable ? 1 : 2, shape.data(), nullptr);
  const hid_t dataset =
      H5Dcreate2(file, name.c_str(), type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  std::vector<const char*> pointers;
  std::string bytes;
  for (const std::string& text : texts) {
    pointers.push_back(text.c_str());
    bytes += text + std::string(size - text.size(), variable ? '\0' : ' ');
  }
  H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT,
           variable ? static_cast<const void*>(pointers.data()) : bytes.data());
  H5Dclose(dataset);
  H5Sclose(space);
  H5Tclose(type);
  H5Fclose(file);
  return {path, "/" + name};
}

TEST(Labels, integers_of_any_type) {
  const TemporaryFolder folder;
  EXPECT_EQ(values_of(write_dataset<std::uint8_t>(folder.file("a.h5"), {3}, {0, 255, 7}), 3),
            (std::vector<std::int64_t>{0, 255, 7}));
  EXPECT_EQ(values_of(write_dataset<std::int16_t>(folder.file("b.h5"), {2}, {-3, 4}), 2),
            (std::vector<std::int64_t>{-3, 4}));
  EXPECT_EQ(values_of(write_dataset<std::uint64_t>(folder.file("c.h5"), {1}, {1ULL << 40}), 1),
            (std::vector<std::int64_t>{1LL << 40}));
}

TEST(Labels, a_column_whole_floats_and_one_hot_rows) {
  const TemporaryFolder folder;
  EXPECT_EQ(values_of(write_dataset<int>(folder.file("a.h5"), {2, 1}, {5, 1}), 2),
            (std::vector<std::int64_t>{5, 1}));
  EXPECT_EQ(values_of(write_dataset<float>(folder.file("b.h5"), {3}, {0, 2, -1}), 3),
            (std::vector<std::int64_t>{0, 2, -1}));
  EXPECT_EQ(values_of(write_dataset<double>(folder.file("c.h5"), {2, 3}, {0, 0, 1, 1, 0, 0}), 2),
            (std::vector<std::int64_t>{2, 0}));
}

TEST(Labels, texts_are_numbered_by_name) {
  const TemporaryFolder folder;
  for (const bool variable : {true, false}) {
    const std::string path = folder.file(variable ? "v.h5" : "f.h5");
    write_dataset<int>(path, {1}, {0});
    const Labels labels = read_labels(add_texts(path, "y", {"pear", "zebra", "pear"}, variable), 3);
    EXPECT_EQ(labels.values, (std::vector<std::int64_t>{0, 1, 0}));
    EXPECT_EQ(labels.names, (std::vector<std::string>{"pear", "zebra"}));
    EXPECT_EQ(labels.name_of(1), "zebra");
    EXPECT_EQ(labels.name_of(7), "7");
    EXPECT_EQ(labels.find("zebra"), 1);
    EXPECT_EQ(labels.find("12"), 12);
    EXPECT_FALSE(labels.find("cow").has_value());
  }
}

TEST(Labels, what_is_no_list_of_labels_is_refused) {
  const TemporaryFolder folder;
  EXPECT_NE(message_of(write_dataset<float>(folder.file("a.h5"), {2}, {0, 0.5F}), 2)
                .find("label 0.5 in row 1 is not a whole number"),
            std::string::npos);
  EXPECT_NE(message_of(write_dataset<float>(folder.file("n.h5"), {1}, {std::nanf("")}), 1)
                .find("is not a whole number"),
            std::string::npos);
  EXPECT_NE(message_of(write_dataset<int>(folder.file("b.h5"), {2, 2}, {0, 1, 1, 1}), 2)
                .find("row 1 is different"),
            std::string::npos);
  EXPECT_NE(message_of(write_dataset<int>(folder.file("e.h5"), {1, 1, 2}, {0, 1}), 1)
                .find("this data set has 3"),
            std::string::npos);
  EXPECT_NE(message_of(write_dataset<int>(folder.file("c.h5"), {2}, {0, 1}), 3)
                .find("2 labels for 3 samples"),
            std::string::npos);
  const auto largest = std::numeric_limits<std::uint64_t>::max();
  EXPECT_NE(message_of(write_dataset<std::uint64_t>(folder.file("d.h5"), {2}, {0, largest}), 2)
                .find("in row 1"),
            std::string::npos);
}

TEST(NumberAlike, by_name_after_the_first_set) {
  Labels training{"a", {0, 1, 1}, {"pear", "zebra"}};
  Labels test{"b", {0, 1, 2, -1}, {"apple", "pear", "zebra"}};
  number_alike(std::array{&training, &test});
  EXPECT_EQ(training.values, (std::vector<std::int64_t>{0, 1, 1}));
  EXPECT_EQ(test.values, (std::vector<std::int64_t>{2, 0, 1, -1}));
  EXPECT_EQ(training.names, (std::vector<std::string>{"pear", "zebra", "apple"}));
  EXPECT_EQ(test.names, training.names);
  Labels numbers{"c", {0, 1}};
  Labels others{"d", {3}};
  number_alike(std::array{&numbers, &others});
  EXPECT_EQ(others.values, (std::vector<std::int64_t>{3}));
  EXPECT_THROW(number_alike(std::array{&training, &numbers}), Error);
}

TEST(LabelsBeside, are_found_under_other_names_or_the_reason_is) {
  const TemporaryFolder folder;
  const auto info = [](const DatasetAddress& address) { return DatasetReader(address).info(); };
  const DatasetAddress alone = write_dataset<float>(folder.file("a.h5"), {2, 2}, {1, 2, 3, 4});
  EXPECT_FALSE(labels_beside(info(alone)).address.has_value());
  EXPECT_EQ(labels_beside(info(alone)).reason, "");
  add_texts(alone.file, "target", {"b", "a"}, true);
  const auto found = labels_beside(info(alone));
  ASSERT_TRUE(found.address.has_value());
  EXPECT_EQ(found.address->path, "/target");
  const DatasetAddress short_ones = write_dataset<float>(folder.file("b.h5"), {2, 2}, {1, 2, 3, 4});
  add_texts(short_ones.file, "y", {"b", "a", "c"}, true);
  EXPECT_FALSE(labels_beside(info(short_ones)).address.has_value());
  EXPECT_NE(labels_beside(info(short_ones)).reason.find("3 labels for 2 samples"),
            std::string::npos);
}

}  // namespace
}  // namespace hourglass
