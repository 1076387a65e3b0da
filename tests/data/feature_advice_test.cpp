#include "data/feature_advice.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "support/hdf5_files.hpp"
#include "support/temporary_folder.hpp"

namespace hourglass {
namespace {

constexpr std::size_t rows = 2000;

// Two columns: the second as `value` makes it.
template <class Value>
DatasetAddress two_columns(const std::string& path, Value value) {
  std::mt19937_64 random(4);
  std::normal_distribution<double> normal(280, 10);
  std::vector<double> values;
  for (std::size_t r = 0; r < rows; ++r) {
    values.push_back(normal(random));
    values.push_back(value(r, normal(random)));
  }
  return write_dataset<double>(path, {rows, 2}, values);
}

std::string fill_advice(const DatasetAddress& address) {
  const DatasetReader reader(address);
  return fill_value_advice(reader, RowSample(reader)).value_or("");
}

TEST(FillValueAdvice, names_the_feature_and_the_value) {
  const TemporaryFolder folder;
  // A few, and most of them.
  for (const std::size_t every : {20U, 3U, 1U}) {
    const auto address =
        two_columns(folder.file(std::to_string(every) + ".h5"), [&](std::size_t r, double x) {
          return every > 1 ? (r % every == 0 ? 1e20 : x) : (r % 4 == 0 ? x : 1e20);
        });
    const std::string text = fill_advice(address);
    EXPECT_NE(text.find("feature 1 of"), std::string::npos) << text;
    EXPECT_NE(text.find("1e+20 in"), std::string::npos) << text;
    EXPECT_NE(text.find("use --missing mask --missing-value 1e+20"), std::string::npos) << text;
    const DatasetReader reader(address);
    EXPECT_FALSE(fill_value_advice(reader, RowSample(reader), {1e20}).has_value());
  }
}

TEST(FillValueAdvice, is_silent_on_data_as_they_should_be) {
  const TemporaryFolder folder;
  EXPECT_EQ(fill_advice(two_columns(folder.file("a.h5"), [](std::size_t, double x) { return x; })),
            "");
  EXPECT_EQ(
      fill_advice(two_columns(folder.file("constant.h5"), [](std::size_t, double) { return 0.1; })),
      "");
  EXPECT_EQ(fill_advice(two_columns(folder.file("binary.h5"),
                                    [](std::size_t r, double) { return r % 7 == 0 ? 1e9 : 0.0; })),
            "")
      << "two values are a flag";
  EXPECT_EQ(fill_advice(two_columns(
                folder.file("counts.h5"),
                [](std::size_t r, double x) { return r % 10 != 0 ? 0.0 : std::floor(x * x); })),
            "");
  EXPECT_EQ(fill_advice(write_dataset<std::uint8_t>(folder.file("one.h5"), {1, 2}, {0, 255})), "");
}

TEST(ConstantFeatureAdvice, tells_constants_from_what_varies_a_little) {
  EXPECT_FALSE(constant_feature_advice({{1, 2}, {1, 2}}).has_value());
  const std::string text = *constant_feature_advice({{0.1, 2, 0}, {0, 2, 1e-12}});
  EXPECT_NE(text.find("feature 0 0 in all samples: constant, the first at 0.1"), std::string::npos)
      << text;
  EXPECT_NE(text.find("feature 2 nearly 0: a deviation of 1e-12"), std::string::npos) << text;
  EXPECT_FALSE(constant_feature_advice({{1, 0}, {1, 0}, {4, 0}}).has_value())
      << "a feature without values is not a constant";
  const FeatureStatistics many{std::vector<double>(70), std::vector<double>(70)};
  EXPECT_NE(constant_feature_advice(many)->find("features 0, 1, 2, 3, 4 and 65 more"),
            std::string::npos);
}

TEST(UnfamiliarFeatureAdvice, names_what_training_did_not_have) {
  const TemporaryFolder folder;
  const FeatureStatistics training{{280, 0.1}, {10, 0}};
  const InputTransform transform{1, {280, 0.1F}, {0.1F, 1}};
  const auto advice = [&](const DatasetAddress& address, const FeatureStatistics* known) {
    const DatasetReader reader(address);
    return unfamiliar_feature_advice(reader, RowSample(reader), transform, known).value_or("");
  };
  const auto same = two_columns(folder.file("a.h5"), [](std::size_t, double) { return 0.1; });
  EXPECT_EQ(advice(same, &training), "");
  const auto other = two_columns(folder.file("b.h5"), [](std::size_t, double) { return 50.0; });
  EXPECT_NE(advice(other, &training).find("feature 1 varied too little in the training data"),
            std::string::npos);
  EXPECT_EQ(advice(other, nullptr), "") << "a model does not know";
  const auto far = two_columns(folder.file("c.h5"), [](std::size_t, double) { return 1e20; });
  for (const FeatureStatistics* known : {&training, static_cast<const FeatureStatistics*>(nullptr)})
    EXPECT_NE(advice(far, known).find("feature 1 lies beyond 1e+06 deviations"), std::string::npos)
        << advice(far, known);
}

}  // namespace
}  // namespace hourglass
