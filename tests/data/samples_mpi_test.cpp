#include "hourglass/data/samples.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "hourglass/core/error.hpp"
#include "support/expect_error.hpp"
#include "support/hdf5_files.hpp"
#include "support/shared_folder.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;
using io_test::SharedFolder;

// Row r holds 10 r, 10 r + 1, ...; the view's stride is one more than its columns.
ConstMatrix rows_from(OwnedMatrix& memory, Index first, Index rows, Index columns) {
  memory = OwnedMatrix(rows, columns + 1);
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < columns; ++c) memory(r, c) = static_cast<float>(10 * (first + r) + c);
  }
  return {memory.values().data(), rows, columns, columns + 1};
}

TEST(WriteSamples, rows_follow_those_of_lower_ranks) {
  const auto world = Communicator::world();
  const SharedFolder folder(world);
  const std::string address = folder.file("a.h5") + ":/group/samples";
  // The last rank of several has none.
  const Index sharing = world.size() > 1 ? world.size() - 1 : 1;
  const Index mine = world.rank() < sharing ? world.rank() + 1 : 0;
  OwnedMatrix memory;
  write_samples(world, address, rows_from(memory, world.rank() * (world.rank() + 1) / 2, mine, 3));

  const Index rows = sharing * (sharing + 1) / 2;
  EXPECT_EQ(sample_shape(address).rows, rows);
  EXPECT_EQ(sample_shape(address).features, 3);
  const OwnedMatrix all = read_samples(address);
  const OwnedMatrix last = read_samples(address, {rows - 1, rows});
  ASSERT_EQ(all.rows(), rows);
  ASSERT_EQ(last.rows(), 1);
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < 3; ++c) EXPECT_EQ(all(r, c), static_cast<float>(10 * r + c));
  }
  EXPECT_EQ(last(0, 2), all(rows - 1, 2));
  expect_error(ErrorKind::usage, "rows 0 to", [&] {
    static_cast<void>(read_samples(address, {0, rows + 1}));
  });
}

TEST(WriteSamples, larger_than_one_write) {
  const auto world = Communicator::world();
  const SharedFolder folder(world);
  const std::string address = folder.file("a.h5") + ":/samples";
  const Index columns = Index{3} << 20;  // 12 MiB: two rows are written at a time
  OwnedMatrix samples(world.is_root() ? 5 : 0, columns);
  for (Index r = 0; r < samples.rows(); ++r) samples(r, r) = static_cast<float>(r + 1);
  write_samples(world, address, samples);
  const OwnedMatrix row = read_samples(address, {4, 5});
  EXPECT_EQ(row(0, 4), 5.0F);
  EXPECT_EQ(row(0, 3), 0.0F);
}

TEST(WriteSamples, a_file_takes_more_data_sets_but_none_twice) {
  const auto world = Communicator::world();
  const SharedFolder folder(world);
  const std::string file = folder.file("a.h5");
  OwnedMatrix memory;
  const ConstMatrix samples = rows_from(memory, world.rank(), 1, 2);
  write_samples(world, file + ":/a", samples);
  write_samples(world, file + ":/b", samples);
  EXPECT_EQ(sample_shape(file + ":/a").rows, world.size());
  EXPECT_EQ(sample_shape(file + ":/b").rows, world.size());
  expect_error(ErrorKind::usage, "already exists",
               [&] { write_samples(world, file + ":/a", samples); });
  expect_error(ErrorKind::usage, "name the data set", [&] { write_samples(world, file, samples); });
  expect_error(ErrorKind::usage, "no samples", [&] { write_samples(world, file + ":/c", {}); });
  expect_error(ErrorKind::io, "none",
               [&] { write_samples(world, folder.file("none/a.h5") + ":/a", samples); });
  if (world.size() == 1) return;
  const ConstMatrix other = rows_from(memory, 0, 1, world.is_root() ? 2 : 3);
  expect_error(ErrorKind::usage, "samples of 2 features beside those of 3",
               [&] { write_samples(world, file + ":/c", other); });
}

TEST(ReadSamples, converts_what_is_stored_and_does_not_normalise) {
  const auto self = Communicator::self();
  const SharedFolder folder(self);
  write_dataset<std::uint8_t>(folder.file("images.h5"), {2, 2, 2},
                              {0, 1, 2, 3, 252, 253, 254, 255});
  const OwnedMatrix images = read_samples(folder.file("images.h5"));
  ASSERT_EQ(images.rows(), 2);
  ASSERT_EQ(images.columns(), 4);
  EXPECT_EQ(images(0, 1), 1.0F);
  EXPECT_EQ(images(1, 3), 255.0F);

  write_dataset<double>(folder.file("numbers.h5"), {2, 1},
                        {0.1, std::numeric_limits<double>::quiet_NaN()});
  EXPECT_EQ(read_samples(folder.file("numbers.h5"), {0, 1})(0, 0), 0.1F);
  EXPECT_EQ(read_samples(folder.file("numbers.h5"), {1, 1}).rows(), 0);
  expect_error(ErrorKind::data, "row 1",
               [&] { static_cast<void>(read_samples(folder.file("numbers.h5"))); });
  expect_error(ErrorKind::io, "none.h5",
               [&] { static_cast<void>(sample_shape(folder.file("none.h5"))); });
}

}  // namespace
}  // namespace hourglass
