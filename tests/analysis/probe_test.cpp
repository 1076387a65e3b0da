#include "analysis/probe.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "support/expect_error.hpp"
#include "support/hdf5_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

std::vector<Index> counts_by_class(const std::vector<std::int32_t>& labels,
                                   const std::vector<Index>& rows) {
  std::vector<Index> counts(3);
  for (const Index row : rows)
    ++counts[static_cast<std::size_t>(labels[static_cast<std::size_t>(row)])];
  return counts;
}

// 40 of class 0, 20 of class 1, 3 of class 2, mixed.
std::vector<std::int32_t> uneven_labels() {
  std::vector<std::int32_t> labels;
  for (int i = 0; i < 20; ++i) labels.insert(labels.end(), {0, 1, 0});
  labels.insert(labels.end(), {2, 2, 2});
  return labels;
}

TEST(StratifiedSubset, takes_the_share_of_every_class) {
  const auto labels = uneven_labels();
  const auto rows = stratified_subset(labels, 0.25, 1);
  EXPECT_TRUE(std::ranges::is_sorted(rows));
  EXPECT_EQ(std::set<Index>(rows.begin(), rows.end()).size(), rows.size());
  EXPECT_EQ(counts_by_class(labels, rows), (std::vector<Index>{10, 5, 1}));
  EXPECT_EQ(counts_by_class(labels, stratified_subset(labels, 0.001, 1)),
            (std::vector<Index>{1, 1, 1}))
      << "at least one of each";
}

TEST(StratifiedSubset, is_everything_when_everything_is_asked_for) {
  const auto labels = uneven_labels();
  const auto rows = stratified_subset(labels, 1, 1);
  ASSERT_EQ(rows.size(), labels.size());
  EXPECT_EQ(rows.front(), 0);
  EXPECT_EQ(rows.back(), 62);
}

TEST(StratifiedSubset, depends_on_the_seed_alone) {
  const auto labels = uneven_labels();
  EXPECT_EQ(stratified_subset(labels, 0.25, 1), stratified_subset(labels, 0.25, 1));
  EXPECT_NE(stratified_subset(labels, 0.25, 1), stratified_subset(labels, 0.25, 2));
}

TEST(ClassLabels, are_numbers_from_0_to_4095) {
  const TemporaryFolder folder;
  const auto good = write_dataset<std::int64_t>(folder.file("good.h5"), {3}, {0, 4095, 7});
  EXPECT_EQ(class_labels(read_labels(good, 3)), (std::vector<std::int32_t>{0, 4095, 7}));
  const auto negative = write_dataset<std::int64_t>(folder.file("negative.h5"), {3}, {0, 1, -1});
  io_test::expect_error(ErrorKind::data, "label -1 in row 2",
                        [&] { static_cast<void>(class_labels(read_labels(negative, 3))); });
  const auto large = write_dataset<std::int64_t>(folder.file("large.h5"), {2}, {4096, 0});
  io_test::expect_error(ErrorKind::data, "label 4096 in row 0",
                        [&] { static_cast<void>(class_labels(read_labels(large, 2))); });
  io_test::expect_error(ErrorKind::data, "3 labels for 4 samples",
                        [&] { static_cast<void>(class_labels(read_labels(good, 4))); });
}

TEST(CheckProbe, names_what_is_out_of_range) {
  check_probe({});
  ProbeSettings settings;
  settings.label_fraction = 0;
  io_test::expect_error(ErrorKind::usage, "--label-fraction", [&] { check_probe(settings); });
  settings = {};
  settings.label_fraction = 1.5;
  io_test::expect_error(ErrorKind::usage, "--label-fraction", [&] { check_probe(settings); });
  settings = {};
  settings.batch = 100;
  io_test::expect_error(ErrorKind::usage, "not a multiple", [&] { check_probe(settings); });
  settings = {};
  settings.optimizer.name = "unknown";
  EXPECT_THROW(check_probe(settings), Error);
}

}  // namespace
}  // namespace hourglass
