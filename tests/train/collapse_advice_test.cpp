#include "train/collapse_advice.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

struct Ended {
  Ended() {
    config.model.regularization.variational = true;
    config.model.feature_mean = false;
    epoch.epoch = 3;
    epoch.unit_kl = std::vector<double>(64, 0.001);
  }
  [[nodiscard]] std::string advice() const { return collapse_advice(config, epoch).value_or(""); }
  [[nodiscard]] bool advises(const std::string& what) const {
    return advice().find(what) != std::string::npos;
  }
  TrainConfig config;
  MetricsRecord epoch;
};

TEST(CollapseAdvice, names_what_the_run_does_not_have) {
  Ended run;
  EXPECT_TRUE(run.advises("0 of 64 units are used")) << run.advice();
  EXPECT_TRUE(run.advises("use --beta-warmup 5epochs, --free-bits 0.1, or a --beta below 1"));
  run.config.penalties.beta_warmup.count = 5;
  EXPECT_TRUE(run.advises("use --free-bits 0.1, or a --beta below 1")) << run.advice();
  run.config.model.regularization.free_bits = 0.01;
  run.config.model.regularization.beta = 4;
  EXPECT_TRUE(run.advises("; use a --beta below 4")) << run.advice();
  run.config.model.feature_mean = true;
  EXPECT_TRUE(run.advises("use --loss-reduction sum")) << run.advice();
}

TEST(CollapseAdvice, waits_for_the_third_epoch_or_the_last) {
  Ended run;
  run.epoch.epoch = 2;
  EXPECT_EQ(run.advice(), "");
  run.config.epochs = 2;
  EXPECT_NE(run.advice(), "");
}

TEST(CollapseAdvice, is_silent_about_codes_that_are_used) {
  Ended run;
  for (std::size_t j = 0; j < 4; ++j) run.epoch.unit_kl[j] = 1;
  EXPECT_EQ(run.advice(), "") << "4 of 64";
  run.epoch.validation_unit_kl = std::vector<double>(64, 0.0);
  EXPECT_NE(run.advice(), "") << "validation samples count";
  run.epoch.validation_unit_kl.clear();
  run.epoch.unit_kl = {0.02, 0};
  EXPECT_EQ(run.advice(), "");
  run.epoch.unit_kl.clear();
  EXPECT_EQ(run.advice(), "") << "not variational";
}

}  // namespace
}  // namespace hourglass
