#include "config/sparse_defaults.hpp"

#include <gtest/gtest.h>

#include "config/settings.hpp"

namespace hourglass {
namespace {

TrainConfig config_of(const std::string& text) {
  TrainConfig config;
  apply_text(text, "test", config);
  return config;
}

TEST(SparseDefaults, are_the_recipe_in_any_order) {
  for (const char* text :
       {"layers = 8,16\nsparsity = topk:2\n", "sparsity = topk:2\nlayers = 8,16"}) {
    const TrainConfig config = config_of(text);
    EXPECT_EQ(config.model.output_activation, Activation::linear);
    EXPECT_EQ(config.normalize, Normalize::unit_mean_square);
    EXPECT_EQ(config.model.dictionary.pre_bias, PreBias::mean);
    EXPECT_TRUE(config.model.dictionary.unit_norm);
    EXPECT_TRUE(config.model.dictionary.tied_start);
    // What is written keeps what it says.
    EXPECT_EQ(to_text(config_of(to_text(config))), to_text(config));
  }
  TrainConfig config = config_of("sparsity = topk:2");
  find_setting("sparsity").set(config, "none");
  EXPECT_EQ(to_text(config), to_text(TrainConfig{}));
}

TEST(SparseDefaults, give_way_to_what_is_given) {
  const TrainConfig config = config_of(
      "pre-bias = none\nunit-norm-decoder = false\nlayers = 8,16\nsparsity = topk:2\n"
      "tied-initialization = false\nnormalize = none");
  EXPECT_EQ(config.model.dictionary.pre_bias, PreBias::none);
  EXPECT_FALSE(config.model.dictionary.unit_norm);
  EXPECT_FALSE(config.model.dictionary.tied_start);
  EXPECT_EQ(config.normalize, Normalize::none);
  const TrainConfig images =
      config_of("layers = 8,16\nsparsity = topk:2\noutput-activation = sigmoid\nloss = bce\n");
  EXPECT_EQ(images.model.dictionary.pre_bias, PreBias::none);
  EXPECT_EQ(images.normalize, Normalize::automatic);
  EXPECT_FALSE(config_of("layers = 8,12,16\nsparsity = topk:2").model.dictionary.tied_start);
  EXPECT_EQ(config_of("layers = 8,16\nk-sparse = 2").model.dictionary.pre_bias, PreBias::none);
}

}  // namespace
}  // namespace hourglass
