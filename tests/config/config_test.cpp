#include "config/config.hpp"

#include <gtest/gtest.h>

#include "config/settings.hpp"
#include "support/expect_error.hpp"

namespace hourglass {
namespace {

using io_test::expect_error;

/// Acceptable settings, changed by the lines of a configuration file.
TrainConfig configured(const std::string& lines) {
  TrainConfig config;
  apply_text("data = d.h5:/x\nlayers = 16,8\noutput = out\n", "base", config);
  apply_text(lines, "test", config);
  return config;
}

void refused(const std::string& lines, const std::string& message) {
  SCOPED_TRACE(lines);
  expect_error(ErrorKind::usage, message, [&] { validate(configured(lines)); });
}

TEST(Validate, accepts_the_defaults_with_data_layers_and_output) {
  EXPECT_NO_THROW(validate(configured("")));
}

TEST(Validate, refuses_what_is_missing) {
  refused("data =", "no training data");
  refused("layers =", "no network");
  refused("output =", "no output folder");
}

TEST(Validate, refuses_numbers_out_of_range) {
  refused("batch = 0", "--batch must be at least 1");
  refused("micro-batch = 0", "--micro-batch must be at least 1");
  refused("batch = 100\nmicro-batch = 33", "--batch 100 is not a multiple of --micro-batch 33");
  refused("epochs = -1", "--epochs");
  refused("threads = 0", "--threads must be 1 to 1024");
  refused("threads = 1025", "--threads must be 1 to 1024");
  refused("shuffle-block = 0", "--shuffle-block");
  refused("shuffle-window = 0", "--shuffle-window");
  refused("bucket-bytes = 255", "--bucket-bytes must be at least 256");
  refused("clip-norm = -0.1", "--clip-norm");
  refused("early-stopping = -1", "--early-stopping");
  refused("encoder-rate-factor = -1", "--encoder-rate-factor");
  refused("decoder-decay-factor = -1", "--decoder-decay-factor");
  refused("ema = 1", "--ema must be at least 0 and below 1");
  refused("keep = 0", "--keep must be at least 1");
  refused("log-every = -1", "--log-every");
  refused("verify-every = -1", "--verify-every");
  refused("watchdog = 0.5s", "--watchdog must be at least 1s, or 0");
  refused("stop-signal = KILL", "--stop-signal: 'KILL'");
}

TEST(Validate, refuses_with_local_steps_only_what_the_optimizer_uses) {
  const std::string local = "batch = 64\nmicro-batch = 8\nsync-every = 8\nsync-groups = 4\n";
  for (const char* setting : {"kfac-damping-rule = adaptive", "kfac-momentum = quadratic"}) {
    EXPECT_NO_THROW(validate(configured(local + setting)));
    refused(local + setting + "\noptimizer = kfac", "--sync-every cannot be combined with --kfac");
  }
}

TEST(Validate, refuses_settings_that_contradict_each_other) {
  for (const std::string wire : {"bf16", "int8", "powersgd:4"})
    refused("gradient-wire = " + wire + "\nreduction = allreduce", "needs --reduction tree");
  refused("keep-best = true", "--keep-best depends on the validation error");
  refused("schedule = plateau", "--schedule plateau depends on the validation error");
  refused("early-stopping = 2", "--early-stopping depends on the validation error");
  EXPECT_NO_THROW(validate(configured("keep-best = true\nvalidation = d.h5:/v")));
}

TEST(Validate, asks_the_model_and_the_optimizer) {
  refused("loss = bce\noutput-activation = linear", "--loss bce");
  refused("optimizer = sgd\nnesterov = true", "--nesterov");
  refused("optimizer = adam\nbeta1 = 1", "--beta1");
}

TEST(Validate, lets_an_image_shape_come_from_the_data) {
  EXPECT_NO_THROW(validate(configured("loss = ssim")));
}

TEST(Validate, refuses_what_a_line_search_has_no_use_for) {
  EXPECT_NO_THROW(validate(configured("optimizer = lbfgs")));
  for (const char* lines :
       {"schedule = cosine", "warmup-epochs = 1", "scale-learning-rate = linear", "clip-norm = 1",
        "ema = 0.9", "bias-rate-factor = 2"}) {
    const std::string name = std::string(lines).substr(0, std::string(lines).find(' '));
    refused(std::string("optimizer = lbfgs\n") + lines, "cannot be combined with --" + name);
  }
  refused("optimizer = lbfgs\nlbfgs-history = 0", "--lbfgs-history must be 1 to 1000");
  refused("optimizer = lbfgs\nline-search-evaluations = 0", "--line-search-evaluations");
  refused("optimizer = lbfgs\nweight-decay = -1", "--weight-decay");
}

TEST(TrainConfig, shards_are_micro_batches_of_a_step) {
  TrainConfig config = configured("batch = 64\nmicro-batch = 16");
  EXPECT_EQ(config.shards(), 4);
  EXPECT_EQ(config.pretrain_shards(), 4);
  config.pretrain.batch = 32;
  EXPECT_EQ(config.pretrain_batch(), 32);
  EXPECT_EQ(config.pretrain_shards(), 2);
  EXPECT_FALSE(is_full_batch(config));
  EXPECT_TRUE(is_full_batch(configured("optimizer = lbfgs")));
}

TEST(Reduction, has_two_names) {
  for (const Reduction reduction : {Reduction::tree, Reduction::allreduce})
    EXPECT_EQ(reduction_from(name_of(reduction)), reduction);
  expect_error(ErrorKind::usage, "tree or allreduce",
               [] { static_cast<void>(reduction_from("ring")); });
}

}  // namespace
}  // namespace hourglass
