#include "analysis/pca_components.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <random>

#include "support/shared_file.hpp"

namespace hourglass {
namespace {

// `directions` of falling variance in `features` dimensions, and noise.
SharedFile shared_samples(const Communicator& communicator, Index rows, Index features,
                          Index directions) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  std::vector<double> frame(static_cast<std::size_t>(directions * features));
  for (double& value : frame) value = normal(random) / std::sqrt(static_cast<double>(features));
  std::vector<float> values;
  for (Index r = 0; r < rows; ++r) {
    std::vector<double> row(static_cast<std::size_t>(features), 3.0);
    for (Index k = 0; k < directions; ++k) {
      const double z = normal(random) * std::pow(0.7, static_cast<double>(k)) * 10;
      for (Index c = 0; c < features; ++c)
        row[static_cast<std::size_t>(c)] += z * frame[static_cast<std::size_t>(k * features + c)];
    }
    for (const double value : row)
      values.push_back(static_cast<float>(value + 1e-3 * normal(random)));
  }
  return {communicator, {static_cast<hsize_t>(rows), static_cast<hsize_t>(features)}, values};
}

using Method = PrincipalComponents (*)(const PcaData&, Index);

PrincipalComponents run(Method method, const Communicator& communicator,
                        const DatasetReader& reader, Index components, Index threads) {
  const InputTransform transform;
  WorkerPool pool(threads);
  PrincipalComponents result = method({communicator, reader, transform, pool}, components);
  // As principal_components does: rank 0 has the matrices.
  result.variance.resize(static_cast<std::size_t>(components));
  result.components.resize(static_cast<std::size_t>(components * reader.info().features()));
  communicator.broadcast(std::as_writable_bytes(std::span(result.variance)));
  communicator.broadcast(std::as_writable_bytes(std::span(result.components)));
  return result;
}

double dot(const PrincipalComponents& a, Index i, const PrincipalComponents& b, Index j) {
  const auto features = static_cast<Index>(a.mean.size());
  double sum = 0;
  for (Index c = 0; c < features; ++c)
    sum += a.components[static_cast<std::size_t>(i * features + c)] *
           b.components[static_cast<std::size_t>(j * features + c)];
  return sum;
}

void expect_same(const PrincipalComponents& got, const PrincipalComponents& wanted,
                 double tolerance) {
  EXPECT_EQ(got.samples, wanted.samples);
  EXPECT_NEAR(got.total_variance, wanted.total_variance, 1e-9 * wanted.total_variance);
  for (std::size_t c = 0; c < wanted.mean.size(); ++c)
    EXPECT_NEAR(got.mean[c], wanted.mean[c], 1e-12);
  const auto components = static_cast<Index>(wanted.variance.size());
  for (Index k = 0; k < components; ++k) {
    EXPECT_NEAR(got.variance[static_cast<std::size_t>(k)],
                wanted.variance[static_cast<std::size_t>(k)], tolerance * wanted.variance[0]);
    EXPECT_NEAR(dot(got, k, wanted, k), 1, std::sqrt(tolerance)) << "component " << k;
    for (Index j = 0; j <= k; ++j) EXPECT_NEAR(dot(got, k, got, j), j == k ? 1 : 0, 1e-10);
  }
}

void expect_same_bits(const PrincipalComponents& a, const PrincipalComponents& b) {
  EXPECT_EQ(a.mean, b.mean);
  EXPECT_EQ(a.variance, b.variance);
  EXPECT_EQ(a.components, b.components);
  EXPECT_EQ(a.total_variance, b.total_variance);
}

TEST(GramComponents, are_those_of_the_covariance_with_the_same_bits_on_any_number_of_ranks) {
  const auto world = Communicator::world();
  const auto self = Communicator::self();
  const SharedFile samples = shared_samples(world, 40, 1300, 12);
  const DatasetReader reader = samples.reader();
  EXPECT_GT(gram_slabs(40, 1300), 1);
  const PrincipalComponents exact = run(covariance_components, world, reader, 10, 2);
  const PrincipalComponents together = run(gram_components, world, reader, 10, 3);
  expect_same(together, exact, 1e-10);
  expect_same_bits(together, run(gram_components, self, reader, 10, 1));
}

TEST(GramComponents, without_variance_are_orthonormal_too) {
  const auto world = Communicator::world();
  const SharedFile samples = shared_samples(world, 2, 600, 1);
  // Two samples: one direction. Ten: of nine directions all but few are noise.
  const PrincipalComponents one = run(gram_components, world, samples.reader(), 1, 1);
  EXPECT_NEAR(one.variance[0], one.total_variance, 1e-9 * one.total_variance);
}

TEST(RangeFinderComponents,
     reach_those_of_the_covariance_with_the_same_bits_on_any_number_of_ranks) {
  const auto world = Communicator::world();
  const auto self = Communicator::self();
  const SharedFile samples = shared_samples(world, 700, 90, 20);
  const DatasetReader reader = samples.reader();
  const PrincipalComponents exact = run(covariance_components, world, reader, 5, 2);
  const PrincipalComponents together = run(range_finder_components, world, reader, 5, 3);
  expect_same(together, exact, 1e-8);
  expect_same_bits(together, run(range_finder_components, self, reader, 5, 1));
}

TEST(FoldParts, adds_in_order_on_any_number_of_ranks_and_workers) {
  const auto world = Communicator::world();
  const SharedFile samples = shared_samples(world, 3, 2, 1);
  const DatasetReader reader = samples.reader();
  const InputTransform transform;
  for (const Index threads : {1, 2, 5}) {
    WorkerPool pool(threads);
    const auto sum =
        fold_parts({world, reader, transform, pool}, 7, 2, [](Index part, std::span<double> mine) {
          mine[0] = part == 0 ? 1e16 : 1;
          mine[1] = static_cast<double>(part);
        });
    EXPECT_EQ(sum, (std::vector<double>{1e16, 21})) << "1e16 + 1 + 1 + ... from the left";
  }
}

}  // namespace
}  // namespace hourglass
