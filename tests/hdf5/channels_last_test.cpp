#include "hdf5/channels_last.hpp"

#include <gtest/gtest.h>

#include <numeric>

#include "support/expect_error.hpp"
#include "support/hdf5_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

class ChannelsLastTest : public testing::Test {
 protected:
  // Counts through the elements as they are stored.
  DatasetReader open(const std::vector<hsize_t>& shape, Index channels, hsize_t chunk_rows = 0) {
    const auto count = std::accumulate(shape.begin(), shape.end(), hsize_t{1}, std::multiplies{});
    std::vector<std::int16_t> values(count);
    std::iota(values.begin(), values.end(), std::int16_t{0});
    DatasetAddress address = write_dataset(folder_.file("data.h5"), shape, values, chunk_rows);
    address.options.leading_channels = channels;
    return DatasetReader(address);
  }
  static std::vector<std::int16_t> read(const DatasetReader& reader, Range rows) {
    std::vector<std::int16_t> values(
        static_cast<std::size_t>(rows.size() * reader.info().features()));
    reader.read_rows(rows, std::as_writable_bytes(std::span(values)));
    return values;
  }

  TemporaryFolder folder_;
};

TEST_F(ChannelsLastTest, moves_the_channels_of_images_series_volumes_and_flat_rows) {
  struct Case {
    std::vector<hsize_t> stored;
    std::vector<Index> shape;
  };
  constexpr Index channels = 3;
  for (const Case& test : {Case{{4, 3, 2, 5}, {4, 2, 5, 3}}, Case{{4, 3, 7}, {4, 7, 3}},
                           Case{{4, 3, 2, 2, 3}, {4, 2, 2, 3, 3}}, Case{{4, 12}, {4, 12}}}) {
    for (const hsize_t chunk_rows : {0, 2}) {
      const DatasetReader reader = open(test.stored, channels, chunk_rows);
      EXPECT_EQ(reader.info().shape, test.shape);
      EXPECT_EQ(reader.info().leading_channels, channels);
      const Index features = reader.info().features();
      const Index places = features / channels;
      const Range rows{1, 4};
      const auto values = read(reader, rows);
      for (Index i = 0; i < static_cast<Index>(values.size()); ++i) {
        const Index place = i % features / channels;
        const Index channel = i % channels;
        EXPECT_EQ(values[static_cast<std::size_t>(i)],
                  (rows.begin + i / features) * features + channel * places + place);
      }
    }
  }
}

TEST_F(ChannelsLastTest, reads_what_has_its_channels_last_or_no_axis_for_one_as_it_is) {
  for (const auto& [shape, channels] : std::vector<std::pair<std::vector<hsize_t>, Index>>{
           {{4, 2, 5, 3}, 3}, {{4, 2, 5}, 1}, {{4, 10}, 1}}) {
    const DatasetReader reader = open(shape, channels);
    EXPECT_EQ(reader.info().leading_channels, 0);
    EXPECT_EQ(reader.info().shape.back(), static_cast<Index>(shape.back()));
    EXPECT_EQ(read(reader, {0, 1})[1], 1);
  }
}

TEST_F(ChannelsLastTest, opened_again_by_its_address_is_the_same) {
  const DatasetReader reader = open({4, 3, 2, 5}, 3);
  const DatasetReader again(reader.info().address);
  EXPECT_EQ(again.info().shape, reader.info().shape);
  EXPECT_EQ(read(again, {0, 4}), read(reader, {0, 4}));
}

TEST_F(ChannelsLastTest, refuses_samples_without_such_channels) {
  io_test::expect_error(ErrorKind::data, "no axis of 3 channels", [&] {
    static_cast<void>(open({4, 2, 5}, 3));
  });
  io_test::expect_error(ErrorKind::data, "no axis of 3 channels", [&] {
    static_cast<void>(open({4, 10}, 3));
  });
}

}  // namespace
}  // namespace hourglass
