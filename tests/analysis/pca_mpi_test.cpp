#include "analysis/pca.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <random>

#include "hourglass/core/error.hpp"
#include "support/hdf5_files.hpp"
#include "support/shared_file.hpp"

namespace hourglass {
namespace {

constexpr Index rows = 611;
constexpr Index features = 9;

// Samples of known deviation along the axes of a rotated frame.
std::vector<double> make_samples() {
  std::mt19937_64 random(3);
  std::normal_distribution<double> normal;
  std::vector<double> values;
  for (Index r = 0; r < rows; ++r) {
    std::vector<double> z(features);
    for (Index c = 0; c < features; ++c)
      z[static_cast<std::size_t>(c)] = normal(random) / static_cast<double>(c + 1);
    for (Index c = 0; c < features; ++c) {
      double x = static_cast<double>(c);
      for (Index k = 0; k < features; ++k)
        x += z[static_cast<std::size_t>(k)] * std::cos(0.7 * static_cast<double>(c * k + c));
      values.push_back(x);
    }
  }
  return values;
}

TEST(PrincipalComponents, are_eigenvectors_of_the_covariance) {
  const auto world = Communicator::world();
  // What the program sees: float32.
  std::vector<double> x = make_samples();
  const SharedFile file(world, {rows, features}, x);
  for (double& value : x) value = static_cast<double>(static_cast<float>(value));
  std::vector<double> mean(features);
  for (Index r = 0; r < rows; ++r) {
    for (Index c = 0; c < features; ++c)
      mean[static_cast<std::size_t>(c)] += x[static_cast<std::size_t>(r * features + c)] / rows;
  }
  WorkerPool pool(2);
  const PrincipalComponents pca = principal_components(world, file.reader(), {}, 5, pool);
  EXPECT_EQ(pca.samples, rows);
  ASSERT_EQ(pca.variance.size(), 5U);
  double total = 0;
  for (Index c = 0; c < features; ++c)
    EXPECT_NEAR(pca.mean[static_cast<std::size_t>(c)], mean[static_cast<std::size_t>(c)], 1e-9);
  const auto component = [&](Index k, Index c) {
    return pca.components[static_cast<std::size_t>(k * features + c)];
  };
  const auto centred = [&](Index r, Index c) {
    return x[static_cast<std::size_t>(r * features + c)] - mean[static_cast<std::size_t>(c)];
  };
  for (Index c = 0; c < features; ++c) {
    for (Index r = 0; r < rows; ++r) total += centred(r, c) * centred(r, c) / rows;
  }
  EXPECT_NEAR(pca.total_variance, total, 1e-9 * total);
  for (Index k = 0; k < 5; ++k) {
    const double variance = pca.variance[static_cast<std::size_t>(k)];
    if (k > 0) {
      EXPECT_LE(variance, pca.variance[static_cast<std::size_t>(k - 1)]);
    }
    for (Index j = 0; j <= k; ++j) {
      double product = 0;
      for (Index c = 0; c < features; ++c) product += component(k, c) * component(j, c);
      EXPECT_NEAR(product, j == k ? 1 : 0, 1e-10) << "orthonormal";
    }
    // C v = variance v, with C v had sample by sample.
    std::vector<double> image(features);
    for (Index r = 0; r < rows; ++r) {
      double projection = 0;
      for (Index c = 0; c < features; ++c) projection += centred(r, c) * component(k, c);
      for (Index c = 0; c < features; ++c)
        image[static_cast<std::size_t>(c)] += projection * centred(r, c) / rows;
    }
    for (Index c = 0; c < features; ++c)
      EXPECT_NEAR(image[static_cast<std::size_t>(c)], variance * component(k, c), 1e-9);
  }
}

TEST(PrincipalComponents, same_bits_as_on_one_rank) {
  const auto world = Communicator::world();
  const SharedFile file(world, {rows, features}, make_samples());
  WorkerPool one(1);
  WorkerPool three(3);
  const PrincipalComponents alone =
      principal_components(Communicator::self(), file.reader(), {}, features, one);
  const PrincipalComponents together =
      principal_components(world, file.reader(), {}, features, three);
  EXPECT_EQ(alone.mean, together.mean);
  EXPECT_EQ(alone.variance, together.variance);
  EXPECT_EQ(alone.components, together.components);
  EXPECT_EQ(alone.total_variance, together.total_variance);
}

TEST(PrincipalComponents, refuses_on_every_rank) {
  const auto world = Communicator::world();
  std::vector<double> values = make_samples();
  WorkerPool pool(1);
  {
    const SharedFile file(world, {values.size() / features, features}, values);
    for (const Index components : {Index{0}, features + 1}) {
      EXPECT_THROW(
          static_cast<void>(principal_components(world, file.reader(), {}, components, pool)),
          Error);
    }
  }
  {
    values[static_cast<std::size_t>(602 * features + 4)] = std::nan("");
    const SharedFile file(world, {values.size() / features, features}, values);
    try {
      static_cast<void>(principal_components(world, file.reader(), {}, 2, pool));
      ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::data);
      EXPECT_NE(std::string(error.what()).find("602"), std::string::npos) << error.what();
    }
  }
  const SharedFile one_row(world, {1, features},
                           std::vector<double>(values.begin(), values.begin() + features));
  EXPECT_THROW(static_cast<void>(principal_components(world, one_row.reader(), {}, 1, pool)),
               Error);
}

}  // namespace
}  // namespace hourglass
