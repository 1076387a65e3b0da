#include <gtest/gtest.h>

#include "data/row_companions.hpp"
#include "support/expect_error.hpp"
#include "support/hdf5_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

TEST(CompanionOfRows, is_read_with_the_views_of_rows_alone) {
  const TemporaryFolder folder;
  DatasetAddress samples = write_dataset(folder.file("x.h5"), {5, 3}, std::vector<float>(15));
  const std::string labels =
      to_string(write_dataset(folder.file("y.h5"), {5}, std::vector<std::int32_t>(5)));
  const std::string longer =
      to_string(write_dataset(folder.file("z.h5"), {6}, std::vector<std::int32_t>(6)));
  samples.options.views.rows = "0:3";
  samples.options.views.columns = "1:";
  const DatasetInfo info = DatasetReader(samples).info();
  const DatasetAddress companion = companion_of_rows(labels, info, "label");
  EXPECT_EQ(companion.options.views.rows, "0:3");
  EXPECT_EQ(DatasetReader(companion).info().shape, std::vector<Index>({3}));
  io_test::expect_error(ErrorKind::data, "6 labels for 5 rows of " + to_string(info.address),
                        [&] { (void)companion_of_rows(longer, info, "label"); });
}

}  // namespace
}  // namespace hourglass
