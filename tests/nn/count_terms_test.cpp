#include "nn/count_terms.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

namespace hourglass {
namespace {

// The terms of a row of logits, and the loss that training takes for them.
struct Both {
  std::vector<double> terms;
  double loss = 0;
};

Both of(CountDistribution distribution, float size, const std::vector<float>& counts,
        std::vector<float> logits) {
  Both both;
  const auto features = static_cast<Index>(counts.size());
  std::vector<float> outputs = logits;
  both.loss =
      count_loss(distribution, 1, size, counts.data(), nullptr, logits.data(), nullptr, features)
          .loss;
  count_means(size, outputs.data(), features);
  both.terms.resize(counts.size());
  count_terms(distribution, counts, outputs.data(), both.terms);
  return both;
}

TEST(CountTermsTest, add_up_to_the_loss_of_training) {
  const std::vector<float> counts = {0, 0, 1, 3, 250, 0};
  const std::vector<float> logits = {-3, 2,  0.5F, 1,     5,    -20,   // means
                                     1,  -2, 0,    4,     -0.5, 30,    // dispersions
                                     -4, 3,  0.1F, -0.5F, -2,   -40};  // dropouts
  for (const auto distribution :
       {CountDistribution::poisson, CountDistribution::nb, CountDistribution::zinb}) {
    const Both both = of(distribution, 0.7F, counts, logits);
    const double sum = std::accumulate(both.terms.begin(), both.terms.end(), 0.0);
    EXPECT_NEAR(sum / both.loss, 1, 1e-6);
    for (const double term : both.terms) EXPECT_GE(term, 0);
  }
}

TEST(CountTermsTest, are_minus_the_logarithm_of_the_probability) {
  // Poisson with m = 2: P(3) = e^-2 8 / 6.
  EXPECT_NEAR(of(CountDistribution::poisson, 2, {3}, {0}).terms[0], 2 - std::log(8.0 / 6.0), 1e-6);
  // r = 1 is the geometric distribution: P(x) = 1 / (1 + m) (m / (1 + m))^x; m = 1 here.
  const float one = std::log(std::expm1(1.0F));
  EXPECT_NEAR(of(CountDistribution::nb, 1, {2}, {0, one}).terms[0], 3 * std::log(2.0), 1e-6);
  // Half of the zeros are dropouts: P(0) = 1/2 + 1/2 1/2.
  EXPECT_NEAR(of(CountDistribution::zinb, 1, {0}, {0, one, 0}).terms[0], -std::log(0.75), 1e-6);
  EXPECT_NEAR(of(CountDistribution::zinb, 1, {2}, {0, one, 0}).terms[0], 4 * std::log(2.0), 1e-6);
}

TEST(CountTermsTest, of_a_sample_without_counts_are_zero) {
  const Both both = of(CountDistribution::zinb, 0, {0, 0}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(both.terms, (std::vector<double>{0, 0}));
}

}  // namespace
}  // namespace hourglass
