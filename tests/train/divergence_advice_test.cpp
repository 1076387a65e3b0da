#include "train/divergence_advice.hpp"

#include <gtest/gtest.h>

#include "config/settings.hpp"

namespace hourglass {
namespace {

std::string advice(const std::string& lines, bool pretraining = false, Index updates = 10) {
  TrainConfig config;
  apply_text(lines, "test", config);
  return divergence_advice(config, config.schedule.learning_rate, pretraining, updates);
}

TEST(DivergenceAdvice, names_the_learning_rate_and_clipping) {
  EXPECT_EQ(advice("learning-rate = 0.1"), "try a --learning-rate below 0.1 or --clip-norm 1");
}

TEST(DivergenceAdvice, proposes_no_clipping_that_is_there_already) {
  EXPECT_EQ(advice("learning-rate = 0.1\nclip-norm = 5"),
            "try a --learning-rate below 0.1 or a --clip-norm below 5");
}

TEST(DivergenceAdvice, while_pretraining_names_the_rate_of_that) {
  EXPECT_EQ(advice("learning-rate = 0.1", true), "try a --pretrain-learning-rate below 0.1");
}

TEST(DivergenceAdvice, before_any_update_the_learning_rate_is_not_the_cause) {
  for (const char* lines : {"learning-rate = 1e-9\nclip-norm = 1", "optimizer = lbfgs"}) {
    EXPECT_NE(advice(lines, false, 0).find("use --normalize standardize"), std::string::npos);
    EXPECT_EQ(advice(lines, false, 0).find("--learning-rate"), std::string::npos);
  }
  const std::string text = advice("normalize = standardize", false, 0);
  EXPECT_NE(text.find("--activation tanh --output-activation sigmoid"), std::string::npos) << text;
}

TEST(DivergenceAdvice, a_line_search_has_no_learning_rate_to_lower) {
  EXPECT_NE(advice("optimizer = lbfgs").find("--optimizer adam"), std::string::npos);
  EXPECT_EQ(advice("optimizer = lbfgs", true), "try a --pretrain-learning-rate below 0.001");
}

TEST(DivergenceAdvice, proposes_counts_for_poisson) {
  TrainConfig config;
  config.model.loss = Loss::poisson;
  EXPECT_NE(divergence_advice(config, 1e-3, false, 0).find("--counts log1p"), std::string::npos);
  config.model.counts = Counts::log1p;
  EXPECT_EQ(divergence_advice(config, 1e-3, false, 0).find("--counts"), std::string::npos);
  EXPECT_EQ(divergence_advice(config, 1e-3, false, 0).find("--normalize"), std::string::npos);
}

}  // namespace
}  // namespace hourglass
