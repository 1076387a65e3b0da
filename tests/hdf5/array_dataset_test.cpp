#include "hdf5/array_dataset.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "hdf5/row_views_fixture.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

class ArrayDatasetTest : public testing::Test {
 protected:
  /// A file of this header, each row r of which holds r, r + 1, ... in `T`.
  template <class T>
  [[nodiscard]] std::string written(const std::string& name, const std::string& beginning,
                                    Index rows, Index columns, T (*stored)(Index)) const {
    std::string text = beginning;
    for (Index r = 0; r < rows; ++r) {
      for (Index c = 0; c < columns; ++c) {
        const T value = stored(r + c);
        text.append(reinterpret_cast<const char*>(&value), sizeof(T));
      }
    }
    std::ofstream(folder_.file(name), std::ios::binary) << text;
    return folder_.file(name);
  }

  static std::string safetensors(const std::string& header) {
    std::string text;
    for (int i = 0; i < 8; ++i) text += static_cast<char>(header.size() >> (8 * i));
    return text + header;
  }
  static std::string npy(const std::string& header) {
    return std::string("\x93NUMPY\x01\0", 8) + static_cast<char>(header.size()) + '\0' + header;
  }

  static void expect_sums(const std::string& address, Index rows, Index columns) {
    const DatasetReader first(parse_address(address));
    const DatasetReader reader(first.info().address);
    ASSERT_EQ(reader.info().type, ElementType::f32);
    ASSERT_EQ(reader.info().rows(), rows);
    ASSERT_EQ(reader.info().features(), columns);
    const std::vector<Range> runs = {{1, 2}, {3, rows}};
    const Index count = rows - 2;
    std::vector<float> values(static_cast<std::size_t>(count * columns));
    reader.read_runs(runs, std::as_writable_bytes(std::span(values)));
    for (Index i = 0; i < count; ++i) {
      for (Index c = 0; c < columns; ++c) {
        ASSERT_EQ(values[static_cast<std::size_t>(i * columns + c)],
                  static_cast<float>((i == 0 ? 1 : i + 2) + c));
      }
    }
  }

  TemporaryFolder folder_;
};

std::uint16_t brain(Index value) {
  const auto number = static_cast<float>(value);
  std::uint32_t bits = 0;
  std::memcpy(&bits, &number, sizeof(bits));
  return static_cast<std::uint16_t>(bits >> 16);
}
float single(Index value) { return static_cast<float>(value); }

TEST_F(ArrayDatasetTest, reads_rows_of_arrays_and_tensors) {
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 3)}";
  expect_sums(written<float>("x.npy", npy(header), 6, 3, single), 6, 3);
  const std::string one = R"({"l.1":{"dtype":"BF16","shape":[9,5],"data_offsets":[0,90]}})";
  const std::string file = written<std::uint16_t>("y.safetensors", safetensors(one), 9, 5, brain);
  expect_sums(file, 9, 5);
  expect_sums(file + ":/l.1", 9, 5);
  EXPECT_EQ(DatasetReader(parse_address(file + ":/l.1")).where(3), file + ":/l.1: row 3");
  EXPECT_EQ(DatasetReader(parse_address(file)).info().decoding, "bfloat16");
}

TEST_F(ArrayDatasetTest, may_be_part_of_lists_and_stand_side_by_side) {
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 2)}";
  const std::string a = written<float>("a.npy", npy(header), 4, 2, single);
  const std::string b = written<float>("b.npy", npy(header), 4, 2, single);
  EXPECT_EQ(DatasetReader(parse_address(a + "," + b)).info().rows(), 8);
  EXPECT_EQ(DatasetReader(parse_address(folder_.file("?.npy"))).info().rows(), 8);
  EXPECT_EQ(DatasetReader(parse_address(a + "+" + b)).info().features(), 4);
}

TEST_F(ArrayDatasetTest, what_is_not_there_is_refused) {
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (6, 3)}";
  const std::string array = written<float>("x.npy", npy(header), 6, 3, single);
  const auto refused = [](const std::string& address, const std::string& part) {
    expect_error(ErrorKind::data, part,
                 [&] { const DatasetReader reader(parse_address(address)); });
  };
  refused(array + ":/x", "leave :/x out");
  refused(written<float>("short.npy", npy(header), 5, 3, single), "is truncated: its header");
  refused(written<float>("text.safetensors", "text, and more of it", 0, 0, single),
          "is not a safetensors file");
}

}  // namespace
}  // namespace hourglass
