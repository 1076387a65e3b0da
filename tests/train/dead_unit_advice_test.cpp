#include "train/dead_unit_advice.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

struct Ended {
  Ended() {
    config.model.encoder = {20, 64};
    config.model.output_activation = Activation::linear;
    epoch.sparse_use = SparseUse{4, 100, 93, 5000, 0.9, {}, {}, {}};
  }
  [[nodiscard]] std::string advice() const { return dead_unit_advice(config, epoch).value_or(""); }
  TrainConfig config;
  MetricsRecord epoch;
};

TEST(DeadUnitAdvice, names_what_the_run_does_not_have) {
  Ended run;
  EXPECT_NE(run.advice().find("93 % of the units of the sparse code have not been used in the last "
                              "5000 samples; try --pre-bias mean"),
            std::string::npos)
      << run.advice();
  run.config.model.dictionary.pre_bias = PreBias::mean;
  EXPECT_NE(run.advice().find("try --tied-initialization"), std::string::npos);
  run.config.model.dictionary.tied_start = true;
  EXPECT_NE(run.advice().find("try a lower --learning-rate"), std::string::npos);
  run.config.model.dictionary = {};
  run.config.model.output_activation = Activation::sigmoid;
  EXPECT_EQ(run.advice().find("--pre-bias"), std::string::npos) << "it would be refused";
}

TEST(DeadUnitAdvice, is_silent_about_a_few_and_about_other_codes) {
  Ended run;
  run.epoch.sparse_use->dead_units = 33;
  EXPECT_EQ(run.advice(), "");
  run.epoch.sparse_use.reset();
  EXPECT_EQ(run.advice(), "");
}

}  // namespace
}  // namespace hourglass
