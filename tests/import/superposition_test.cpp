#include "import/superposition.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

SuperpositionSpec small() {
  SuperpositionSpec spec;
  spec.atoms = 40;
  spec.dimension = 10;
  spec.active = 3;
  spec.noise = 0;
  return spec;
}

TEST(Superposition, samples_are_sums_of_atoms_and_the_offset) {
  SuperpositionSpec spec = small();
  spec.offset = 5;
  const Superposition data(spec);
  for (Index j = 0; j < spec.atoms; ++j) {
    double squares = 0;
    for (Index f = 0; f < spec.dimension; ++f) {
      const double a = data.atoms()[static_cast<std::size_t>(j * spec.dimension + f)];
      squares += a * a;
    }
    EXPECT_NEAR(squares, 1, 1e-6);
  }
  std::vector<float> first;
  std::set<std::int32_t> used;
  std::vector<int> uses(40, 0);
  for (Index number = 0; number < 3000; ++number) {
    std::vector<float> sample(10);
    std::vector<std::int32_t> which(3);
    std::vector<float> much(3);
    data.make(number, sample, which, much);
    ASSERT_TRUE(which[0] < which[1] && which[1] < which[2] && which[0] >= 0 && which[2] < 40);
    for (std::size_t k = 0; k < 3; ++k) {
      ASSERT_TRUE(much[k] >= 0.5F && much[k] < 1.5F);
      ++uses[static_cast<std::size_t>(which[k])];
      for (std::size_t f = 0; f < 10; ++f)
        sample[f] -= much[k] * data.atoms()[static_cast<std::size_t>(which[k]) * 10 + f];
    }
    if (first.empty()) first = sample;
    double squares = 0;
    for (std::size_t f = 0; f < 10; ++f) {
      ASSERT_NEAR(sample[f], first[f], 1e-5);
      squares += static_cast<double>(sample[f]) * static_cast<double>(sample[f]);
    }
    ASSERT_NEAR(std::sqrt(squares), 5, 1e-4);
  }
  // j^-1/2: the first is drawn about six times as often as the last.
  EXPECT_GT(uses.front(), 4 * uses.back());
  EXPECT_LT(uses.front(), 9 * uses.back());
}

TEST(Superposition, noise_has_its_deviation) {
  SuperpositionSpec spec = small();
  const Superposition clean(spec);
  spec.noise = 0.5;
  const Superposition noisy(spec);
  double squares = 0;
  for (Index number = 0; number < 200; ++number) {
    std::vector<float> a(10);
    std::vector<float> b(10);
    std::vector<std::int32_t> which(3);
    std::vector<float> much(3);
    clean.make(number, a, which, much);
    noisy.make(number, b, which, much);
    for (std::size_t f = 0; f < 10; ++f)
      squares += static_cast<double>((b[f] - a[f]) * (b[f] - a[f])) / 2000;
  }
  EXPECT_NEAR(std::sqrt(squares), 0.5, 0.03);
}

TEST(Superposition, impossible_settings_are_refused) {
  SuperpositionSpec spec = small();
  spec.active = 30;
  EXPECT_THROW(Superposition{spec}, Error);
  spec = small();
  spec.exponent = 3;
  EXPECT_THROW(Superposition{spec}, Error);
  spec = small();
  spec.noise = -1;
  EXPECT_THROW(Superposition{spec}, Error);
}

}  // namespace
}  // namespace hourglass
