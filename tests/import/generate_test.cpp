#include "import/generate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

struct Made {
  std::vector<float> sample;
  std::vector<float> latent;
  std::uint8_t label = 255;
};

Made make(const SyntheticData& data, Index number) {
  Made made;
  made.sample.resize(static_cast<std::size_t>(data.features()));
  made.latent.resize(static_cast<std::size_t>(data.latent_size()));
  data.make(number, made.sample, made.latent, made.label);
  return made;
}

SyntheticSpec spec_of(const std::string& name) {
  SyntheticSpec spec;
  spec.kind = synthetic_from(name);
  return spec;
}

class EveryData : public testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Data, EveryData, testing::ValuesIn(synthetic_names()),
                         [](const auto& instance) {
                           std::string name = instance.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST_P(EveryData, a_sample_is_a_function_of_seed_and_number) {
  const SyntheticData data(spec_of(GetParam()));
  const SyntheticData again(spec_of(GetParam()));
  SyntheticSpec other_seed = spec_of(GetParam());
  other_seed.seed = 2;
  for (const Index number : {Index{7}, Index{0}, Index{1'000'000'007}}) {
    const Made first = make(data, number);
    EXPECT_EQ(first.sample, make(again, number).sample);
    EXPECT_EQ(first.latent, make(again, number).latent);
    EXPECT_NE(first.sample, make(data, number + 1).sample);
    EXPECT_NE(first.sample, make(SyntheticData(other_seed), number).sample);
    EXPECT_TRUE(std::ranges::all_of(first.sample, [](float x) { return std::isfinite(x); }));
    EXPECT_LT(first.label, 10);
  }
}

TEST_P(EveryData, noise_is_added_to_the_same_sample) {
  SyntheticSpec noisy = spec_of(GetParam());
  noisy.noise = 0.5;
  const SyntheticData clean(spec_of(GetParam()));
  const SyntheticData data(noisy);
  double sum = 0;
  double squares = 0;
  double count = 0;
  for (Index number = 0; number < 2000; ++number) {
    const Made a = make(clean, number);
    const Made b = make(data, number);
    EXPECT_EQ(a.latent, b.latent);
    for (std::size_t j = 0; j < std::min<std::size_t>(3, a.sample.size()); ++j) {
      const auto difference = static_cast<double>(b.sample[j] - a.sample[j]);
      sum += difference;
      squares += difference * difference;
      count += 1;
    }
  }
  EXPECT_NEAR(sum / count, 0, 0.03);
  EXPECT_NEAR(std::sqrt(squares / count), 0.5, 0.02);
}

TEST(Curves, is_the_parabola_through_its_three_points) {
  const SyntheticData data(spec_of("curves"));
  EXPECT_EQ(data.sample_shape(), (std::vector<Index>{28, 28}));
  double ink = 0;
  for (Index number = 0; number < 300; ++number) {
    const Made made = make(data, number);
    for (std::size_t i = 0; i + 2 < 6; i += 2)
      EXPECT_GE(made.latent[i + 2] - made.latent[i], 2 - 1e-5F);
    for (std::size_t i = 0; i < 6; ++i) {
      EXPECT_GE(made.latent[i], 2);
      EXPECT_LE(made.latent[i], 26);
    }
    // Each end of the curve lies on one of the given points and has left ink there.
    for (const std::size_t i : {std::size_t{0}, std::size_t{4}}) {
      const auto column = static_cast<std::size_t>(std::lround(made.latent[i]));
      const auto row = static_cast<std::size_t>(std::lround(made.latent[i + 1]));
      EXPECT_GT(made.sample[row * 28 + column], 0.05F) << "sample " << number;
    }
    for (const float pixel : made.sample) {
      EXPECT_GE(pixel, 0);
      EXPECT_LE(pixel, 1);
      ink += static_cast<double>(pixel);
    }
  }
  // 60 points of ink 0.526 make about 30, what clipping and the image's edge take off not counted.
  EXPECT_GT(ink / 300, 15);
  EXPECT_LT(ink / 300, 32);
}

TEST(SwissRoll, lies_on_the_roll) {
  const SyntheticData data(spec_of("swiss-roll"));
  for (Index number = 0; number < 200; ++number) {
    const Made made = make(data, number);
    EXPECT_NEAR(std::hypot(made.sample[0], made.sample[2]), made.latent[0], 1e-4F);
    EXPECT_EQ(made.sample[1], made.latent[1]);
    EXPECT_GE(made.latent[0], 4.71F);
    EXPECT_LE(made.latent[0], 14.14F);
  }
}

TEST(SCurve, lies_on_two_circles) {
  const SyntheticData data(spec_of("s-curve"));
  for (Index number = 0; number < 200; ++number) {
    const Made made = make(data, number);
    const float centre = made.latent[0] > 0 ? -1.0F : 1.0F;
    EXPECT_NEAR(std::hypot(made.sample[0], made.sample[2] - centre), 1.0F, 1e-5F);
  }
}

TEST(GaussianMixture, labels_name_centres) {
  SyntheticSpec spec = spec_of("gaussian-mixture");
  spec.components = 4;
  const SyntheticData data(spec);
  std::vector<std::vector<double>> means(4, std::vector<double>(10));
  std::vector<double> counts(4);
  for (Index number = 0; number < 4000; ++number) {
    const Made made = make(data, number);
    ASSERT_LT(made.label, 4);
    counts[made.label] += 1;
    for (std::size_t j = 0; j < 10; ++j)
      means[made.label][j] += static_cast<double>(made.sample[j]);
  }
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_NEAR(counts[k], 1000, 150);
    for (double& value : means[k]) value /= counts[k];
  }
  for (Index number = 0; number < 100; ++number) {
    const Made made = make(data, number);
    double squares = 0;
    for (std::size_t j = 0; j < 10; ++j)
      squares += std::pow(static_cast<double>(made.sample[j]) - means[made.label][j], 2);
    EXPECT_LT(squares, 60) << "far from its own centre";
  }
}

TEST(SyntheticData, refuses_options_out_of_range) {
  const auto refused = [](auto change) {
    SyntheticSpec spec;
    change(spec);
    try {
      const SyntheticData data(spec);
      ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
    }
  };
  refused([](SyntheticSpec& s) { s.noise = -1; });
  refused([](SyntheticSpec& s) { s.noise = std::nan(""); });
  refused([](SyntheticSpec& s) { s.dimension = -1; });
  refused([](SyntheticSpec& s) { s.components = 0; });
  refused([](SyntheticSpec& s) { s.components = 257; });
  refused([](SyntheticSpec& s) { s.intrinsic = 0; });
  EXPECT_THROW(static_cast<void>(synthetic_from("circle")), Error);
}

}  // namespace
}  // namespace hourglass
