#include "run/effective_config.hpp"

#include <gtest/gtest.h>

#include "run/run_example.hpp"
#include "support/expect_error.hpp"
#include "support/hdf5_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;
using run_test::example_config;

class EffectiveConfigTest : public testing::Test {
 protected:
  [[nodiscard]] DatasetReader data(const std::vector<hsize_t>& shape) const {
    hsize_t count = 1;
    for (const hsize_t size : shape) count *= size;
    std::vector<float> values(count);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 5);
    return DatasetReader(write_dataset(folder_.file("data.h5"), shape, values));
  }

  TemporaryFolder folder_;
  TrainConfig config_ = example_config(folder_.file("run"));
};

TEST_F(EffectiveConfigTest, takes_the_shape_of_images_from_the_data) {
  EXPECT_EQ(to_string(effective_config(one_rank(), config_, data({4, 2, 3})).model.image), "2x3");
  EXPECT_EQ(to_string(effective_config(one_rank(), config_, data({4, 1, 2, 3})).model.image),
            "1x2x3");
  EXPECT_FALSE(effective_config(one_rank(), config_, data({4, 6})).model.image.known());
}

TEST_F(EffectiveConfigTest, keeps_the_shape_that_was_given) {
  config_.model.image = {3, 2};
  EXPECT_EQ(to_string(effective_config(one_rank(), config_, data({4, 2, 3})).model.image), "3x2");
  config_.model.image = {};
  config_.model.encoder = layer_list_from("3x2,3");
  EXPECT_EQ(to_string(effective_config(one_rank(), config_, data({4, 6})).model.image), "3x2");
}

TEST_F(EffectiveConfigTest, refuses_layers_that_begin_with_another_image) {
  config_.model.encoder = layer_list_from("3x2,3");
  expect_error(ErrorKind::usage, "begin with that, or say --image-shape 3x2", [&] {
    static_cast<void>(effective_config(one_rank(), config_, data({4, 2, 3})));
  });
}

TEST_F(EffectiveConfigTest, refuses_a_loss_that_needs_the_shape_nobody_tells) {
  config_.model.loss = Loss::ssim;
  expect_error(ErrorKind::usage, "give --image-shape", [&] {
    static_cast<void>(effective_config(one_rank(), config_, data({4, 6})));
  });
}

TEST_F(EffectiveConfigTest, fills_in_the_weights_of_features) {
  config_.feature_weights = "inverse-variance";
  EXPECT_EQ(effective_config(one_rank(), config_, data({4, 6})).model.feature_weights.size(), 6U);
}

}  // namespace
}  // namespace hourglass
