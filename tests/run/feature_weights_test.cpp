#include "run/feature_weights.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "run/run_example.hpp"
#include "support/expect_error.hpp"
#include "support/hdf5_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;
using run_test::example_config;

class FeatureWeightsTest : public testing::Test {
 protected:
  [[nodiscard]] std::vector<float> weights() const {
    const DatasetReader reader(data_);
    return with_feature_weights(one_rank(), config_, reader).model.feature_weights;
  }

  TemporaryFolder folder_;
  TrainConfig config_ = example_config(folder_.file("run"));
  // Two features with variances 1 and 9, and one that does not vary.
  DatasetAddress data_ =
      write_dataset(folder_.file("data.h5"), {2, 3}, std::vector<float>{-1, -3, 7, 1, 3, 7});
};

TEST_F(FeatureWeightsTest, are_none_unless_they_are_asked_for) { EXPECT_TRUE(weights().empty()); }

TEST_F(FeatureWeightsTest, inverse_variances_are_bounded_and_have_mean_one) {
  config_.feature_weights = "inverse-variance";
  const std::vector<float> found = weights();
  ASSERT_EQ(found.size(), 3U);
  const double bound = (1.0 + 9.0 + 0.0) / 3 / 100;
  EXPECT_NEAR(found[0] / found[1], (9 + bound) / (1 + bound), 1e-5);
  EXPECT_NEAR(found[2] / found[0], (1 + bound) / bound, 1e-3);
  EXPECT_NEAR(std::accumulate(found.begin(), found.end(), 0.0) / 3, 1.0, 1e-6);
}

TEST_F(FeatureWeightsTest, come_from_a_data_set_of_as_many_numbers) {
  config_.feature_weights = to_string(
      write_dataset(folder_.file("weights.h5"), {3, 1}, std::vector<std::uint8_t>{0, 2, 5}));
  EXPECT_EQ(weights(), (std::vector<float>{0, 2, 5}));
  config_.feature_weights =
      to_string(write_dataset(folder_.file("weights.h5"), {2}, std::vector<float>{1, 1}));
  expect_error(ErrorKind::data, "holds 2 numbers", [&] { static_cast<void>(weights()); });
  config_.feature_weights = to_string(
      write_dataset(folder_.file("weights.h5"), {3}, std::vector<float>{1, 1, std::nanf("")}));
  expect_error(ErrorKind::data, "", [&] { static_cast<void>(weights()); });
}

TEST_F(FeatureWeightsTest, say_nothing_about_standardized_features) {
  config_.feature_weights = "inverse-variance";
  config_.normalize = Normalize::standardize;
  expect_error(ErrorKind::usage, "leave out one of them", [&] { static_cast<void>(weights()); });
}

TEST_F(FeatureWeightsTest, survive_the_header_of_a_state_file) {
  StateHeader header;
  store_feature_weights({}, header);
  EXPECT_TRUE(header.doubles.empty());
  EXPECT_TRUE(load_feature_weights(header).empty());
  const std::vector<float> stored = {0.1F, 3};
  store_feature_weights(stored, header);
  EXPECT_EQ(load_feature_weights(header), stored);
}

}  // namespace
}  // namespace hourglass
