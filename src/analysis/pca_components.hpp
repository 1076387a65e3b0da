#pragma once

#include <string>

#include "analysis/pca.hpp"
#include "analysis/pca_pass.hpp"

namespace hourglass {

/// Eigenvectors of the D x D covariance matrix, which is summed over 16 parts of the rows. Exact.
[[nodiscard]] PrincipalComponents covariance_components(const PcaData& data, Index components);

/// For fewer samples than features: the N x N Gram matrix G = X X^T of the centred samples has the
/// same eigenvalues, and X^T u is an eigenvector of the covariance where u is one of G. G is summed
/// over slabs of features, which depend on the data's shape alone. Exact; at most N - 1 components.
[[nodiscard]] PrincipalComponents gram_components(const PcaData& data, Index components);

/// For many samples of many features: the dominant subspace of the covariance C by iterating
/// Q <- orth(C Q) from a random Q of a few columns more than there are components (Halko,
/// Martinsson, Tropp, "Finding structure with randomness", 2011, section 4.5), with one pass over
/// the rows per iteration. Ends when the variance along the components changes by less than 10^-8
/// of itself between iterations, or after 30. The random numbers are always the same.
[[nodiscard]] PrincipalComponents range_finder_components(const PcaData& data, Index components);
/// Columns of Q.
[[nodiscard]] Index range_finder_width(Index rows, Index features, Index components);

/// Slabs of features of gram_components.
[[nodiscard]] Index gram_slabs(Index rows, Index features);

}  // namespace hourglass
