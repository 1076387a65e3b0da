#include "hdf5/index_selection.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "hdf5/hdf5_example.hpp"
#include "support/expect_error.hpp"
#include "support/hdf5_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

class IndexSelectionTest : public testing::Test {
 protected:
  [[nodiscard]] std::vector<Index> chosen(const std::string& text) const {
    const RowRuns runs = select_indices(text, from_, {});
    std::vector<Index> all;
    for (Index p = 0; p < runs.size(); ++p) all.push_back(runs.row(p));
    return all;
  }
  void refused(ErrorKind kind, const std::string& text, const std::string& part) const {
    expect_error(kind, part, [&] { (void)select_indices(text, from_, {}); });
  }

  TemporaryFolder folder_;
  Selectable from_{"--select-rows", "row", "d.h5:/x", 10, {}, true};
};

using Indices = std::vector<Index>;

TEST_F(IndexSelectionTest, reads_numbers_and_ranges) {
  EXPECT_EQ(chosen("3"), Indices({3}));
  EXPECT_EQ(chosen("2:5"), Indices({2, 3, 4}));
  EXPECT_EQ(chosen("1:10:4, 0"), Indices({1, 5, 9, 0}));
  EXPECT_EQ(chosen(":2,8:"), Indices({0, 1, 8, 9}));
  EXPECT_EQ(chosen("-1,-3:"), Indices({9, 7, 8, 9}));
  EXPECT_EQ(chosen(":-8"), Indices({0, 1}));
  EXPECT_EQ(chosen("::5"), Indices({0, 5}));
  EXPECT_EQ(chosen("all").size(), 10U);
}

TEST_F(IndexSelectionTest, reads_masks_and_indices) {
  const auto address = [&](const char* name, const auto& values) {
    return to_string(
        write_dataset(folder_.file(name), {static_cast<hsize_t>(values.size())}, values));
  };
  using Bytes = std::vector<std::uint8_t>;
  const std::string mask = address("mask.h5", Bytes({1, 0, 0, 1, 1, 0, 0, 0, 0, 1}));
  EXPECT_EQ(chosen(mask), Indices({0, 3, 4, 9}));
  // Of another length or type they are indices.
  EXPECT_EQ(chosen(address("short.h5", Bytes({1, 0}))), Indices({1, 0}));
  EXPECT_EQ(chosen(address("wide.h5", std::vector<std::int32_t>{7, 2, 7}) + ",0:2"),
            Indices({7, 2, 7, 0, 1}));
  refused(ErrorKind::data, address("far.h5", std::vector<std::int64_t>{1, 10}),
          "row 1 holds 10, but d.h5:/x has 10 rows: an index is 0 to 9, a mask has one boolean");
  refused(ErrorKind::data, address("floats.h5", std::vector<float>{1}), "this is float32");
  refused(ErrorKind::usage, address("none.h5", Bytes(10)), "chooses no row of d.h5:/x");
}

TEST_F(IndexSelectionTest, reads_names_first) {
  from_ = {"--select-columns", "column", "d.h5:/x", 4, {"depth", "3", "speed", "mass"}, false};
  EXPECT_EQ(chosen("mass,depth"), Indices({3, 0}));
  EXPECT_EQ(chosen("3"), Indices({1}));
  EXPECT_EQ(chosen("2"), Indices({2}));
  refused(ErrorKind::usage, "sped", "has no such column; did you mean 'speed'?");
  refused(ErrorKind::usage, "mass,2:", "chooses column 3 twice");
}

TEST_F(IndexSelectionTest, refuses_what_is_not_there) {
  refused(ErrorKind::usage, "10", "names 10, but d.h5:/x has 10 rows, numbered from 0");
  refused(ErrorKind::usage, "0:11", "names 0:11, but");
  refused(ErrorKind::usage, "-11", "names -11");
  refused(ErrorKind::usage, "5:5", "chooses no row");
  refused(ErrorKind::usage, "1:5:0", "the step of a range is at least 1");
  for (const char* text : {"a", "1:2:3:4", "1,,2", "1.5"}) {
    refused(ErrorKind::usage, text, "numbers, ranges (0:1000, 2000:3000:2) and data sets");
  }
}

}  // namespace
}  // namespace hourglass
