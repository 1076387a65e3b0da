#include "data/sample_weights.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "support/expect_error.hpp"
#include "support/hdf5_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

class SampleWeightsTest : public testing::Test {
 protected:
  template <class T>
  std::string weights(const std::vector<T>& values) {
    const std::string name = "w" + std::to_string(number_++) + ".h5";
    return to_string(
        write_dataset(folder_.file(name), {static_cast<hsize_t>(values.size())}, values));
  }
  [[nodiscard]] DatasetInfo info() const { return DatasetReader(samples_).info(); }

  TemporaryFolder folder_;
  int number_ = 0;
  DatasetAddress samples_ = write_dataset(folder_.file("x.h5"), {6, 2}, std::vector<float>(12));
};

using Weights = std::vector<float>;

TEST_F(SampleWeightsTest, are_1_on_average) {
  EXPECT_EQ(read_sample_weights(weights<double>({1, 0, 3, 2, 0, 6}), info()),
            Weights({0.5, 0, 1.5, 1, 0, 3}));
  // Equal weights are exactly none.
  EXPECT_EQ(read_sample_weights(weights(std::vector<float>(6, 0.1F)), info()), Weights(6, 1.0F));
  EXPECT_EQ(read_sample_weights(weights(std::vector<std::uint8_t>(6, 3)), info()),
            Weights(6, 1.0F));
}

TEST_F(SampleWeightsTest, follow_the_choice_of_rows_and_windows) {
  const std::string address = weights<std::int32_t>({1, 2, 3, 4, 5, 6});
  samples_.options.views.rows = "4,0,0";
  samples_.options.views.columns = "1";
  EXPECT_EQ(read_sample_weights(address, info()), Weights({15.0F / 7, 3.0F / 7, 3.0F / 7}));
  samples_.options.views.rows = "2:6";
  samples_.options.views.window = 3;
  EXPECT_EQ(read_sample_weights(address, info()), Weights({8.0F / 9, 10.0F / 9}));
}

TEST_F(SampleWeightsTest, must_be_one_number_of_at_least_0_for_each_row) {
  const auto refused = [&](const std::string& address, const std::string& part) {
    expect_error(ErrorKind::data, part, [&] { (void)read_sample_weights(address, info()); });
  };
  refused(weights<float>({1, 1, -2, 1, 1, 1}), "row 2 holds -2, but a sample's weight is");
  refused(weights<float>({1, 1, 1, std::numeric_limits<float>::quiet_NaN(), 1, 1}), "row 3 holds");
  refused(weights<double>({1, HUGE_VAL, 1, 1, 1, 1}), "row 1 holds inf");
  refused(weights(std::vector<float>(6)), "give at least one sample a weight above 0");
  refused(weights(std::vector<float>(7, 1)), "7 weights for 6 rows of " + to_string(samples_));
  // Also where the choice would hide it.
  samples_.options.views.rows = "0:2";
  refused(weights(std::vector<float>(5, 1)), "5 weights for 6 rows of");
  samples_.options.views.rows = "";
  refused(to_string(write_dataset(folder_.file("wide.h5"), {6, 2}, std::vector<float>(12, 1))),
          "--sample-weights needs one number for each row");
}

}  // namespace
}  // namespace hourglass
