#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "analysis/pca_components.hpp"
#include "math/linalg.hpp"

namespace hourglass {

namespace {

constexpr Index fewest_more = 10;
constexpr int most_iterations = 30;
constexpr double tolerance = 1e-8;

// Orthonormal rows in random directions. mt19937_64 gives the same numbers everywhere; the
// distributions of the standard library need not.
std::vector<double> random_basis(Index width, Index features) {
  std::mt19937_64 random(20110);
  std::vector<double> basis(static_cast<std::size_t>(width * features));
  for (double& value : basis) value = static_cast<double>(random() >> 11) * 0x1p-52 - 1.0;
  orthonormalize_rows(width, features, basis);
  return basis;
}

}  // namespace

Index range_finder_width(Index rows, Index features, Index components) {
  return std::min({components + std::max(fewest_more, components / 4), features, rows});
}

PrincipalComponents range_finder_components(const PcaData& data, Index components) {
  const Index features = data.features();
  const Index width = range_finder_width(data.rows(), features, components);
  const auto samples = static_cast<double>(data.rows());
  const Communicator& communicator = data.communicator;
  PrincipalComponents result;
  result.samples = data.rows();
  result.mean = feature_means(data);
  std::vector<double> basis(static_cast<std::size_t>(width * features));  // rows: Q^T
  collectively(communicator, [&] {
    if (communicator.is_root()) basis = random_basis(width, features);
  });
  double before = 0;
  for (int iteration = 1; result.components.empty(); ++iteration) {
    communicator.broadcast(std::as_writable_bytes(std::span(basis)));
    // (C Q)^T, and the sum of all squares behind it.
    std::vector<double> image =
        fold_parts(data, pca_parts, width * features + 1, [&](Index part, std::span<double> sum) {
          std::vector<double> projected(static_cast<std::size_t>(pca_block_rows(features) * width));
          for_each_pca_block(
              data, even_part(data.rows(), pca_parts, part),
              [&](std::span<double> block, Index count) {
                subtract_mean(block, count, result.mean);
                const auto x = block.first(static_cast<std::size_t>(count * features));
                const auto y = std::span(projected).first(static_cast<std::size_t>(count * width));
                multiply(false, true, count, width, features, x, basis, 0, y);
                multiply(true, false, width, features, count, y, x, 1,
                         sum.first(static_cast<std::size_t>(width * features)));
                double squares = 0;
                for (const double value : x) squares += value * value;
                sum.back() += squares;
              });
        });
    result.total_variance = image.back() / samples;
    image.pop_back();
    std::int64_t done = 0;
    collectively(communicator, [&] {
      if (!communicator.is_root()) return;
      // Rayleigh and Ritz: the best within the subspace.
      std::vector<double> within(static_cast<std::size_t>(width * width));
      multiply(false, true, width, width, features, basis, image, 0, within);
      const Eigenpairs pairs = largest_eigenpairs(width, within, components);
      const double now = std::accumulate(pairs.values.begin(), pairs.values.end(), 0.0);
      if (std::fabs(now - before) <= tolerance * now || iteration == most_iterations) {
        result.variance = pairs.values;
        result.components.resize(static_cast<std::size_t>(components * features));
        multiply(false, false, components, features, width, pairs.vectors, basis, 0,
                 result.components);
        for (Index k = 0; k < components; ++k) {
          fix_sign(std::span(result.components)
                       .subspan(static_cast<std::size_t>(k * features),
                                static_cast<std::size_t>(features)));
        }
        done = 1;
        return;
      }
      before = now;
      orthonormalize_rows(width, features, image);
      basis = std::move(image);
    });
    communicator.sum(std::span(&done, 1));
    if (done != 0) result.components.resize(static_cast<std::size_t>(components * features));
  }
  for (double& variance : result.variance) variance = std::max(0.0, variance / samples);
  return result;
}

}  // namespace hourglass
