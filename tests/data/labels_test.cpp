#include "data/labels.hpp"

#include <gtest/gtest.h>

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

TEST(Labels, integers_of_any_type) {
  const TemporaryFolder folder;
  EXPECT_EQ(read_labels(write_dataset<std::uint8_t>(folder.file("a.h5"), {3}, {0, 255, 7}), 3),
            (std::vector<std::int64_t>{0, 255, 7}));
  EXPECT_EQ(read_labels(write_dataset<std::int16_t>(folder.file("b.h5"), {2}, {-3, 4}), 2),
            (std::vector<std::int64_t>{-3, 4}));
  EXPECT_EQ(read_labels(write_dataset<std::uint64_t>(folder.file("c.h5"), {1}, {1ULL << 40}), 1),
            (std::vector<std::int64_t>{1LL << 40}));
}

TEST(Labels, what_is_no_list_of_labels_is_refused) {
  const TemporaryFolder folder;
  EXPECT_NE(message_of(write_dataset<float>(folder.file("a.h5"), {2}, {0, 1}), 2).find("float32"),
            std::string::npos);
  EXPECT_NE(
      message_of(write_dataset<int>(folder.file("b.h5"), {2, 1}, {0, 1}), 2).find("2 dimensions"),
      std::string::npos);
  EXPECT_NE(message_of(write_dataset<int>(folder.file("c.h5"), {2}, {0, 1}), 3)
                .find("2 labels for 3 samples"),
            std::string::npos);
  const auto largest = std::numeric_limits<std::uint64_t>::max();
  EXPECT_NE(message_of(write_dataset<std::uint64_t>(folder.file("d.h5"), {2}, {0, largest}), 2)
                .find("in row 1"),
            std::string::npos);
}

}  // namespace
}  // namespace hourglass
