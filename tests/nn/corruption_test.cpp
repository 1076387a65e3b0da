// Corruption of inputs: rates, moments, structure and dependences.
#include "nn/corruption.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

#include "hourglass/core/error.hpp"

namespace hourglass {
namespace {

constexpr Index samples = 400;
const ImageShape image{28, 28, 1};

struct Noisy {
  Noisy(const CorruptionSpec& spec, float value, std::uint64_t seed = 1, std::uint32_t epoch = 0,
        Index first = 0, Index count = samples, ImageShape shape = image)
      : clean(static_cast<std::size_t>(count * shape.size()), value),
        result(clean.size()),
        mask(clean.size()) {
    std::vector<std::uint64_t> ids(static_cast<std::size_t>(count));
    std::iota(ids.begin(), ids.end(), static_cast<std::uint64_t>(first));
    PassContext context;
    context.training = true;
    context.seed = seed;
    context.epoch = epoch;
    context.sample_ids = ids;
    corrupt(spec, shape, context, ConstMatrix(clean.data(), count, shape.size()),
            Matrix(result.data(), count, shape.size()), Matrix(mask.data(), count, shape.size()));
  }
  [[nodiscard]] double masked_share() const {
    return static_cast<double>(std::ranges::count(mask, 1.0F)) / static_cast<double>(mask.size());
  }
  std::vector<float> clean;
  std::vector<float> result;
  std::vector<float> mask;
};

double mean_of(const std::vector<float>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TEST(Corruption, names_and_back) {
  for (const auto& name : corruption_names()) EXPECT_EQ(name_of(corruption_from(name)), name);
  EXPECT_THROW((void)corruption_from("blur"), Error);
}

TEST(Corruption, gaussian_has_mean_zero_and_the_deviation_asked_for) {
  const Noisy noisy({Corruption::gaussian, 0.3}, 0.5F);
  const double mean = mean_of(noisy.result) - 0.5;
  double variance = 0;
  double fourth = 0;
  for (const float value : noisy.result) {
    const double d = static_cast<double>(value) - 0.5;
    variance += d * d / static_cast<double>(noisy.result.size());
    fourth += d * d * d * d / static_cast<double>(noisy.result.size());
  }
  // 313600 draws: five standard errors.
  EXPECT_NEAR(mean, 0, 5 * 0.3 / 560);
  EXPECT_NEAR(std::sqrt(variance), 0.3, 0.003);
  EXPECT_NEAR(fourth / (variance * variance), 3, 0.06) << "not a normal distribution";
  EXPECT_EQ(noisy.masked_share(), 1);
}

TEST(Corruption, masking_zeroes_the_share_asked_for) {
  for (const double share : {0.0, 0.1, 0.5, 1.0}) {
    const Noisy noisy({Corruption::masking, share}, 0.7F);
    EXPECT_NEAR(noisy.masked_share(), share, 5 * std::sqrt(share * (1 - share) / 313600.0));
    for (std::size_t i = 0; i < noisy.result.size(); ++i)
      ASSERT_EQ(noisy.result[i], noisy.mask[i] == 1 ? 0.0F : 0.7F);
  }
}

TEST(Corruption, salt_and_pepper_are_equally_many) {
  const Noisy noisy({Corruption::salt_pepper, 0.4}, 0.5F);
  const auto salt = static_cast<double>(std::ranges::count(noisy.result, 1.0F));
  const auto pepper = static_cast<double>(std::ranges::count(noisy.result, 0.0F));
  EXPECT_NEAR((salt + pepper) / 313600, 0.4, 0.005);
  EXPECT_NEAR(salt / (salt + pepper), 0.5, 0.008);
}

TEST(Corruption, block_is_one_rectangle_of_about_the_area_asked_for) {
  const Noisy noisy({Corruption::block, 0.25}, 0.5F);
  EXPECT_NEAR(noisy.masked_share(), 0.25, 0.01);
  std::set<std::pair<Index, Index>> corners;
  for (Index s = 0; s < samples; ++s) {
    Index top = 28;
    Index bottom = -1;
    Index left = 28;
    Index right = -1;
    Index count = 0;
    for (Index i = 0; i < 784; ++i) {
      if (noisy.mask[static_cast<std::size_t>(s * 784 + i)] == 0) continue;
      top = std::min(top, i / 28);
      bottom = std::max(bottom, i / 28);
      left = std::min(left, i % 28);
      right = std::max(right, i % 28);
      ++count;
    }
    ASSERT_EQ(count, (bottom - top + 1) * (right - left + 1)) << "not a rectangle";
    corners.emplace(top, left);
  }
  EXPECT_GT(corners.size(), 100U) << "always in the same places";
}

TEST(Corruption, stripes_are_whole_rows_or_columns) {
  const Noisy noisy({Corruption::stripes, 0.3}, 0.5F);
  EXPECT_NEAR(noisy.masked_share(), 0.3, 0.02);
  int rows = 0;
  int columns = 0;
  for (Index s = 0; s < samples; ++s) {
    const float* mask = noisy.mask.data() + s * 784;
    bool by_rows = true;
    bool by_columns = true;
    for (Index i = 0; i < 784; ++i) {
      by_rows = by_rows && mask[i] == mask[i / 28 * 28];
      by_columns = by_columns && mask[i] == mask[i % 28];
    }
    ASSERT_TRUE(by_rows || by_columns);
    rows += by_rows ? 1 : 0;
    columns += by_columns ? 1 : 0;
  }
  EXPECT_NEAR(rows, 200, 50);
  EXPECT_NEAR(columns, 200, 50);
}

TEST(Corruption, channels_of_a_pixel_go_together) {
  const Noisy noisy({Corruption::block, 0.25}, 0.5F, 1, 0, 0, 20, {8, 8, 3});
  for (std::size_t i = 0; i < noisy.mask.size(); i += 3) {
    ASSERT_EQ(noisy.mask[i], noisy.mask[i + 1]);
    ASSERT_EQ(noisy.mask[i], noisy.mask[i + 2]);
  }
}

TEST(Corruption, is_a_function_of_seed_epoch_and_sample_only) {
  for (const Corruption kind : {Corruption::gaussian, Corruption::masking, Corruption::salt_pepper,
                                Corruption::block, Corruption::stripes}) {
    const CorruptionSpec spec{kind, 0.3};
    const Noisy all(spec, 0.5F);
    // The same samples in the order of another rank.
    const Noisy part(spec, 0.5F, 1, 0, 100, 50);
    EXPECT_TRUE(std::equal(part.result.begin(), part.result.end(), all.result.begin() + 100 * 784))
        << name_of(kind);
    EXPECT_NE(all.result, Noisy(spec, 0.5F, 2).result) << name_of(kind);
    EXPECT_NE(all.result, Noisy(spec, 0.5F, 1, 1).result) << name_of(kind);
    // Neighbouring samples share no more than chance.
    EXPECT_FALSE(std::equal(all.mask.begin(), all.mask.begin() + 784, all.mask.begin() + 784) &&
                 kind != Corruption::gaussian);
  }
}

TEST(Corruption, strength_out_of_range_is_named) {
  for (const CorruptionSpec& spec :
       {CorruptionSpec{Corruption::masking, 1.5}, CorruptionSpec{Corruption::gaussian, -0.1},
        CorruptionSpec{Corruption::block, std::nan("")}}) {
    try {
      check_corruption(spec);
      ADD_FAILURE() << name_of(spec.kind) << " accepted " << spec.strength;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_NE(std::string(error.what()).find("--corruption-strength"), std::string::npos);
    }
  }
  EXPECT_NO_THROW(check_corruption({Corruption::gaussian, 3}));
}

TEST(Corruption, samples_without_ids_or_of_another_shape_are_bugs) {
  std::vector<float> clean(8, 1.0F);
  std::vector<float> result(8);
  const ConstMatrix x(clean.data(), 2, 4);
  const Matrix y(result.data(), 2, 4);
  const std::vector<std::uint64_t> ids = {1, 2};
  PassContext context;
  EXPECT_THROW(corrupt({Corruption::masking, 0.5}, {}, context, x, y, {}), Error);
  context.sample_ids = ids;
  EXPECT_NO_THROW(corrupt({Corruption::masking, 0.5}, {}, context, x, y, {}));
  EXPECT_THROW(corrupt({Corruption::masking, 0.5}, {}, context, x, y.first_rows(1), {}), Error);
  EXPECT_THROW(corrupt({Corruption::block, 0.5}, {3, 3, 1}, context, x, y, {}), Error);
}

}  // namespace
}  // namespace hourglass
