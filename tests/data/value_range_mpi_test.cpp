#include "data/value_range.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "hdf5/dataset_writer.hpp"
#include "support/shared_folder.hpp"

namespace hourglass {
namespace {

TEST(ValueRange, is_that_of_every_row_on_any_number_of_ranks) {
  const auto world = Communicator::world();
  const io_test::SharedFolder folder(world);
  constexpr Index rows = 37;
  constexpr Index columns = 5;
  std::vector<float> values;
  for (Index i = 0; i < rows * columns; ++i) values.push_back(static_cast<float>(i % 91) / 255.0F);
  values[40] = std::nanf("");
  values[170] = -3.5F;
  const Range mine = even_part(rows, world.size(), world.rank());
  DatasetWriter writer(world, folder.file("d.h5"),
                       {{"/x", {rows, columns}, ElementType::f32, 0, 0, {}}});
  writer.write_rows(
      0, mine,
      std::as_bytes(std::span(values).subspan(static_cast<std::size_t>(mine.begin * columns),
                                              static_cast<std::size_t>(mine.size() * columns))));
  writer.commit();
  const DatasetReader reader(parse_address(folder.file("d.h5") + ":/x"));
  const ValueRange range = value_range(world, reader);
  EXPECT_EQ(range.lowest, -3.5);
  EXPECT_EQ(range.highest, static_cast<double>(90 / 255.0F));
  EXPECT_FALSE(range.whole);
  EXPECT_NEAR(range.off_steps_of_255, 0.5, 1e-3);
  EXPECT_EQ(range.rows, rows);
  const ValueRange all = sampled_range(reader, 1000);
  EXPECT_EQ(all.lowest, range.lowest);
  EXPECT_EQ(all.rows, rows);
  const ValueRange some = sampled_range(reader, 4);
  EXPECT_EQ(some.rows, 4);
  EXPECT_GE(some.lowest, range.lowest);
  EXPECT_LE(some.highest, range.highest);
  EXPECT_FALSE(ValueRange().known());
  world.barrier();
}

}  // namespace
}  // namespace hourglass
