#include "config/pretrain_config.hpp"

#include <gtest/gtest.h>

#include "config/settings.hpp"
#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

TrainConfig configured(const std::string& lines) {
  TrainConfig config;
  apply_text("layers = 16,12,8\nactivation = sigmoid\n", "base", config);
  apply_text(lines, "test", config);
  return config;
}

void accepted(const std::string& lines) {
  SCOPED_TRACE(lines);
  EXPECT_NO_THROW(check_pretraining(configured(lines)));
}

void refused(const std::string& lines, const std::string& message) {
  SCOPED_TRACE(lines);
  expect_error(ErrorKind::usage, message, [&] { check_pretraining(configured(lines)); });
}

TEST(PretrainConfig, names_come_back) {
  for (const std::string& name : pretrain_names()) EXPECT_EQ(name_of(pretrain_from(name)), name);
  expect_error(ErrorKind::usage, "use one of: none, autoencoder, denoising, rbm",
               [] { static_cast<void>(pretrain_from("greedy")); });
}

TEST(PretrainConfig, is_not_checked_without_pretraining) {
  accepted("pretrain-epochs = 1,2,3,4\nlayer-norm = true");
}

TEST(PretrainConfig, lists_have_one_value_or_one_per_layer) {
  for (const char* kind : {"autoencoder", "denoising", "rbm"}) {
    const std::string pretrain = std::string("pretrain = ") + kind + "\n";
    accepted(pretrain + "pretrain-epochs = 2");
    accepted(pretrain + "pretrain-epochs = 2,3");
    refused(pretrain + "pretrain-epochs = 2,3,4", "--pretrain-epochs has 3 values, but --layers");
    refused(pretrain + "pretrain-epochs =", "--pretrain-epochs is empty");
    refused(pretrain + "pretrain-epochs = -1", "--pretrain-epochs: -1 is out of range");
    refused(pretrain + "pretrain-learning-rate = 0", "it must be above 0");
    refused(pretrain + "pretrain-weight-decay = 0.1,-1", "--pretrain-weight-decay: -1");
    refused(pretrain + "pretrain-batch = 100", "--pretrain-batch 100 is not a multiple");
  }
}

TEST(PretrainConfig, wants_plain_dense_layers_and_their_mirror) {
  const std::string pretrain = "pretrain = autoencoder\n";
  refused(pretrain + "layers = 28x28,conv:4x3s2,30", "has convolutions");
  refused(pretrain + "decoder-layers = 8,10,16", "needs a mirrored decoder");
  accepted(pretrain + "decoder-layers = 8,12,16");
  refused(pretrain + "layer-norm = true", "--layer-norm");
  refused(pretrain + "variational = true", "--variational");
}

TEST(PretrainConfig, denoising_wants_noise_that_works_on_hidden_layers) {
  const std::string pretrain = "pretrain = denoising\n";
  for (const char* noise : {"gaussian", "masking", "salt-pepper"})
    accepted(pretrain + "pretrain-corruption = " + noise);
  for (const char* noise : {"none", "block", "stripes"})
    refused(pretrain + "pretrain-corruption = " + noise, "cannot be applied to hidden layers");
  refused(pretrain + "pretrain-corruption = masking\npretrain-corruption-strength = 1.5",
          "--pretrain-corruption-strength: 1.5 is out of range");
  accepted(pretrain + "pretrain-corruption = gaussian\npretrain-corruption-strength = 1.5");
  refused(pretrain + "pretrain-corruption-strength =", "is empty");
}

TEST(PretrainConfig, machines_have_bernoulli_or_gaussian_units) {
  const std::string pretrain =
      "pretrain = rbm\nactivation = sigmoid\ncode-activation = linear\noutput-activation = "
      "sigmoid\n";
  accepted(pretrain);
  refused(pretrain + "rbm-steps = 0", "--rbm-steps must be 1 to 1000");
  refused(pretrain + "pretrain-momentum = 1", "--pretrain-momentum");
  TrainConfig config = configured(pretrain);
  config.model.activation = Activation::relu;
  expect_error(ErrorKind::usage, "but --activation is relu", [&] { check_pretraining(config); });
  config.model.encoder = layer_list_from("16,8");
  EXPECT_NO_THROW(check_pretraining(config)) << "there is no hidden layer to be of that kind";
}

TEST(PretrainConfig, checks_the_optimizer_that_it_will_use) {
  refused("pretrain = autoencoder\noptimizer = sgd\nnesterov = true", "--nesterov");
  accepted("pretrain = autoencoder\npretrain-optimizer = adam\noptimizer = lbfgs");
  accepted("pretrain = autoencoder\noptimizer = lbfgs");
}

}  // namespace
}  // namespace hourglass
