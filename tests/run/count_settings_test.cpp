#include "run/count_settings.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "run/run_example.hpp"
#include "support/expect_error.hpp"
#include "support/hdf5_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;
using run_test::example_config;

class CountSettingsTest : public testing::Test {
 protected:
  [[nodiscard]] DatasetReader data(const std::vector<std::uint16_t>& values) const {
    return DatasetReader(write_dataset(folder_.file("data.h5"), {values.size() / 2, 2}, values));
  }
  [[nodiscard]] TrainConfig found(const std::vector<std::uint16_t>& values) const {
    return with_counts(one_rank(), config_, data(values));
  }
  void take_counts() {
    config_.model.loss = Loss::nb;
    config_.model.output_activation = Activation::linear;
    config_.model.counts = Counts::log1p;
  }

  TemporaryFolder folder_;
  TrainConfig config_ = example_config(folder_.file("run"));
};

TEST_F(CountSettingsTest, are_nothing_for_other_data) {
  const TrainConfig config = found({1, 2, 3, 4});
  EXPECT_EQ(config.normalize, Normalize::automatic);
  EXPECT_EQ(config.model.sparse_input, SparseInput::off);
  EXPECT_EQ(config.model.library, 0);
  EXPECT_TRUE(config.count_notes.empty());
}

TEST_F(CountSettingsTest, find_the_library_of_a_typical_sample) {
  take_counts();
  config_.empty_counts = EmptyCounts::keep;
  const TrainConfig config = found({1, 2, 3, 4, 0, 0, 5, 6});
  EXPECT_EQ(config.model.library, 7);
  EXPECT_EQ(config.normalize, Normalize::none);
  EXPECT_EQ(config.model.sparse_input, SparseInput::on);
  ASSERT_EQ(config.count_notes.size(), 2U);
  EXPECT_NE(config.count_notes[0].find("a sum of 7"), std::string::npos);
  EXPECT_NE(config.count_notes[1].find("1 of 4 samples have no counts (the first: row 2)"),
            std::string::npos);
}

TEST_F(CountSettingsTest, keep_what_is_given) {
  take_counts();
  config_.empty_counts = EmptyCounts::keep;
  config_.target_sum = 1e4;
  config_.model.sparse_input = SparseInput::off;
  const TrainConfig config = found({1, 0, 3, 0});
  EXPECT_EQ(config.model.library, 1e4);
  EXPECT_EQ(config.model.sparse_input, SparseInput::off);
  EXPECT_NE(config.count_notes[1].find("1 of 2 features have no counts"), std::string::npos);
}

TEST_F(CountSettingsTest, refuse_samples_and_features_without_counts) {
  take_counts();
  expect_error(ErrorKind::data, "1 of 2 features have no counts in any sample (the first: 1)", [&] {
    static_cast<void>(found({1, 0, 3, 0}));
  });
  expect_error(ErrorKind::data, "2 of 3 samples have no counts (the first: row 0): leave", [&] {
    static_cast<void>(found({0, 0, 1, 2, 0, 0}));
  });
}

TEST_F(CountSettingsTest, refuse_data_without_counts) {
  take_counts();
  expect_error(ErrorKind::data, "no sample has counts", [&] {
    static_cast<void>(found({0, 0, 0, 0}));
  });
}

TEST_F(CountSettingsTest, library_goes_into_model_files_and_back) {
  StateHeader header;
  AutoencoderSpec model;
  store_library(model, header);
  EXPECT_TRUE(header.doubles.empty());
  model.counts = Counts::log1p;
  expect_error(ErrorKind::data, "m.h5: does not hold the library",
               [&] { load_library(header, "m.h5", model); });
  model.library = 123.5;
  store_library(model, header);
  AutoencoderSpec loaded;
  load_library(header, "m.h5", loaded);
  EXPECT_EQ(loaded.library, 0);
  loaded.counts = Counts::log1p;
  load_library(header, "m.h5", loaded);
  EXPECT_EQ(loaded.library, 123.5);
  EXPECT_EQ(header.doubles.size(), 1U) << "nothing of a latent library";
}

TEST_F(CountSettingsTest, prior_of_a_latent_library_is_that_of_the_samples) {
  take_counts();
  config_.empty_counts = EmptyCounts::keep;
  config_.model.library_size = LibrarySize::latent;
  const TrainConfig config = found({1, 2, 3, 4, 0, 0, 5, 6});
  const double mean = (std::log(3.0) + std::log(7.0) + std::log(11.0)) / 3;
  EXPECT_NEAR(config.model.library_prior.mean, mean - std::log(7.0), 1e-6);
  double variance = 0;
  for (const double library : {3.0, 7.0, 11.0})
    variance += (std::log(library) - mean) * (std::log(library) - mean) / 3;
  EXPECT_NEAR(config.model.library_prior.deviation, std::sqrt(variance), 1e-6);
  ASSERT_EQ(config.count_notes.size(), 3U);
  EXPECT_NE(config.count_notes[1].find("prior N("), std::string::npos);
  EXPECT_NE(config.count_notes[2].find("leaves them out"), std::string::npos);
  StateHeader header;
  store_library(config.model, header);
  AutoencoderSpec loaded = config.model;
  loaded.library_prior = {};
  load_library(header, "m.h5", loaded);
  EXPECT_EQ(loaded.library_prior.mean, config.model.library_prior.mean);
  EXPECT_EQ(loaded.library_prior.deviation, config.model.library_prior.deviation);
  for (const std::vector<double>& wrong :
       {std::vector<double>{1}, {0, -1}, {std::nan(""), 1}, {0, std::nan("")}}) {
    header.doubles["/model/input/library_prior"] = wrong;
    expect_error(ErrorKind::data, "m.h5: does not hold the prior of its latent library",
                 [&] { load_library(header, "m.h5", loaded); });
  }
}

}  // namespace
}  // namespace hourglass
