#include "run/model_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "run/run_example.hpp"
#include "support/expect_error.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;
using run_test::example_config;
using run_test::write_state;

class ModelFileTest : public testing::Test {
 protected:
  TemporaryFolder folder_;
  TrainConfig config_ = example_config(folder_.file("run"));
  std::string path_ = folder_.file("model.h5");
};

TEST_F(ModelFileTest, comes_back_with_its_network_and_parameters) {
  write_state(path_, config_, -1, 0.25F);
  const Model model = load_model(path_);
  EXPECT_EQ(to_text(model.config), to_text(config_));
  EXPECT_EQ(model.network->features(), 6);
  const Tensor& weight = model.network->layout().tensors().front();
  const auto values = model.parameters.span().subspan(static_cast<std::size_t>(weight.offset),
                                                      static_cast<std::size_t>(weight.size));
  EXPECT_TRUE(std::ranges::all_of(values, [](float value) { return value == 0.25F; }));
}

TEST_F(ModelFileTest, input_transform_survives_the_header) {
  InputTransform transform;
  transform.divisor = 255;
  transform.mean = {0.5F, 1};
  transform.inverse_deviation = {2, 4};
  StateHeader header;
  store_transform(transform, header);
  const InputTransform loaded = load_transform(header, {});
  EXPECT_EQ(loaded.divisor, 255);
  EXPECT_EQ(loaded.mean, transform.mean);
  EXPECT_EQ(loaded.inverse_deviation, transform.inverse_deviation);
  EXPECT_TRUE(load_transform({}, {}).mean.empty());
}

TEST_F(ModelFileTest, a_mean_of_more_digits_survives_the_header) {
  InputTransform transform;
  transform.exact_mean = {1.7e9 + 50, 0.5};
  transform.mean = {static_cast<float>(1.7e9 + 50), 0.5F};
  transform.inverse_deviation = {2, 4};
  StateHeader header;
  store_transform(transform, header);
  const InputTransform loaded = load_transform(header, {});
  EXPECT_EQ(loaded.exact_mean, transform.exact_mean);
  EXPECT_EQ(loaded.mean, transform.mean);
  transform.exact_mean.clear();
  store_transform(transform, header);
  EXPECT_TRUE(load_transform(header, {}).exact_mean.empty());
}

TEST_F(ModelFileTest, refuses_tensors_that_its_configuration_does_not_have) {
  write_state(path_, config_);
  const StateFile file = read_state_file(path_);
  const Autoencoder same(config_.model);
  EXPECT_NO_THROW(check_tensors(file, same.layout()));
  TrainConfig wider = config_;
  wider.model.encoder = layer_list_from("6,4");
  expect_error(ErrorKind::data, "does not match the file's configuration",
               [&] { check_tensors(file, Autoencoder(wider.model).layout()); });
  TrainConfig deeper = config_;
  deeper.model.encoder = layer_list_from("6,5,3");
  write_state(path_, deeper);
  const StateFile larger = read_state_file(path_);
  expect_error(ErrorKind::data, "configuration", [&] { check_tensors(larger, same.layout()); });
}

TEST_F(ModelFileTest, a_run_folder_or_a_misspelt_name_gets_the_right_one) {
  const std::string run = folder_.file("run");
  std::filesystem::create_directories(run + "/checkpoints");
  const RunFolder files(run);
  write_state(files.checkpoint_path(7), config_, 7);
  for (const std::string& name : {run, run + "/modell.h5"}) {
    expect_error(ErrorKind::io, "name its newest checkpoint: " + files.checkpoint_path(7),
                 [&] { static_cast<void>(load_model(name)); });
  }
  write_state(files.model_path(), config_);
  for (const std::string& name : {run, run + "/modell.h5"}) {
    expect_error(ErrorKind::io, "did you mean " + files.model_path() + "?",
                 [&] { static_cast<void>(load_model(name)); });
  }
  expect_error(ErrorKind::io, "is a folder; name a model or checkpoint file",
               [&] { static_cast<void>(load_model(folder_.path())); });
  EXPECT_NO_THROW(static_cast<void>(load_model(files.checkpoint_path(7))));
}

}  // namespace
}  // namespace hourglass
