#include "data/paired_samples.hpp"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

using enum ElementType;

InputTransform standardized() {
  InputTransform whole;
  whole.mean = {1, 2, 3};
  whole.inverse_deviation = {4, 5, 6};
  return whole;
}

TEST(PairedSamples, a_common_division_stays_one) {
  const PartNormalization bytes{Normalize::automatic, u8, 2};
  const InputTransform both = paired_transform(bytes, {Normalize::unit, u8, 1}, {});
  EXPECT_EQ(both.divisor, 255);
  EXPECT_TRUE(both.mean.empty());
}

TEST(PairedSamples, each_part_has_its_own_conversion) {
  const PartNormalization input{Normalize::unit, u8, 2};
  const PartNormalization target{Normalize::standardize, f32, 1};
  const InputTransform both = paired_transform(input, target, standardized());
  EXPECT_EQ(both.divisor, 1);
  EXPECT_EQ(both.mean, (std::vector<float>{0, 0, 3}));
  EXPECT_EQ(both.inverse_deviation, (std::vector<float>{1.0F / 255, 1.0F / 255, 6}));
  const InputTransform part = part_of(both, {2, 3});
  EXPECT_EQ(part.mean, std::vector<float>{3});
  const PartNormalization all{Normalize::standardize, f32, 2};
  EXPECT_EQ(paired_transform(all, target, standardized()).mean, standardized().mean);
}

TEST(PairedSamples, the_input_alone_is_known_by_its_width) {
  DataIdentity pair;
  pair.sample_shape = {5};
  pair.range.add(f32, std::as_bytes(std::span<const float>(std::vector<float>{1, 2})), {});
  pair.feature_names = {"a", "b", "c", "d", "e"};
  const DataIdentity input = input_identity(pair, 3);
  EXPECT_EQ(input.features(), 3);
  EXPECT_FALSE(input.range.known());
  EXPECT_TRUE(input.feature_names.empty());
}

}  // namespace
}  // namespace hourglass
