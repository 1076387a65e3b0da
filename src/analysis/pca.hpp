#pragma once

#include <vector>

#include "config/config.hpp"
#include "data/data_identity.hpp"
#include "data/normalization.hpp"
#include "engine/worker_pool.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"

namespace hourglass {

/// Principal component analysis of a data set: the optimal linear autoencoder with a code of K
/// units.
struct PrincipalComponents {
  Index samples = 0;
  std::vector<double> mean;        ///< of each feature
  std::vector<double> components;  ///< K x D, orthonormal rows, largest variance first
  std::vector<double> variance;    ///< of the samples along each component, 1/N
  double total_variance = 0;       ///< of the data: the sum over features
};

/// Mean and covariance by a distributed pass in double, eigenvectors on rank 0. The rows are cut
/// into 16 parts that depend on their number alone, and the parts are added in order, so that the
/// bits do not depend on ranks or threads. A rank holds two D x D matrices of doubles, and one more
/// for each of its parts. Collective; throws the same Error on every rank: Error(usage) when
/// `components` is not in 1..D, Error(data) for fewer than two samples, NaN or infinity.
[[nodiscard]] PrincipalComponents principal_components(const Communicator& communicator,
                                                       const DatasetReader& reader,
                                                       const InputTransform& transform,
                                                       Index components, WorkerPool& pool);

/// Writes them as a model file: encoder weight = components, bias = -components mean; decoder
/// weight = components^T, bias = mean; all activations linear. `config` gives data and
/// normalisation. The variances are /pca/variance and /pca/total_variance. Collective.
void write_principal_components(const Communicator& communicator, const PrincipalComponents& pca,
                                const InputTransform& transform, const DataIdentity& identity,
                                TrainConfig config, const std::string& path);

}  // namespace hourglass
