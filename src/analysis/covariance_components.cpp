#include <algorithm>

#include "analysis/pca_components.hpp"
#include "math/linalg.hpp"

namespace hourglass {

PrincipalComponents covariance_components(const PcaData& data, Index components) {
  const Index features = data.features();
  const auto samples = static_cast<double>(data.rows());
  PrincipalComponents result;
  result.samples = data.rows();
  result.mean = feature_means(data);
  std::vector<double> covariance =
      fold_parts(data, pca_parts, features * features, [&](Index part, std::span<double> sum) {
        for_each_pca_block(data, even_part(data.rows(), pca_parts, part),
                           [&](std::span<double> block, Index count) {
                             subtract_mean(block, count, result.mean);
                             add_gram(count, features, block, sum);
                           });
      });
  for (Index c = 0; c < features; ++c)
    result.total_variance += covariance[static_cast<std::size_t>(c * features + c)] / samples;
  collectively(data.communicator, [&] {
    if (!data.communicator.is_root()) return;
    Eigenpairs pairs = largest_eigenpairs(features, covariance, components);
    result.variance = std::move(pairs.values);
    result.components = std::move(pairs.vectors);
  });
  for (double& variance : result.variance) variance = std::max(0.0, variance / samples);
  return result;
}

}  // namespace hourglass
