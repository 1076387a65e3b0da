#pragma once

#include <string>
#include <string_view>
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

/// How they are computed (analysis/pca_components.hpp). The smaller of the D x D covariance matrix
/// and the N x N Gram matrix is decomposed exactly up to 4096 rows; beyond, when there are at most
/// a quarter as many components, a random subspace is iterated.
enum class PcaMethod { covariance, gram, range_finder };
/// "covariance", "gram", "range-finder".
[[nodiscard]] std::string_view name_of(PcaMethod method);

struct PcaPlan {
  PcaMethod method = PcaMethod::covariance;
  Index bytes = 0;  ///< that the rank which needs the most will hold, about
};

/// Depends on the shape of the data alone. Throws Error(usage) when `components` is not in 1..D, or
/// exceeds what few samples of more than 4096 features can have (N - 1), Error(data) for fewer than
/// two samples.
[[nodiscard]] PcaPlan plan_pca(const DatasetInfo& info, Index components, int ranks, Index threads);

/// By distributed passes in double, with matrices decomposed on rank 0. The work is cut into parts
/// that depend on the data's shape alone, and the parts are added in order, so that the bits do not
/// depend on ranks or threads. The sign of a component makes its element of largest magnitude
/// positive. Collective; throws the same Error on every rank: as plan_pca, and Error(data) for NaN
/// or infinity.
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
