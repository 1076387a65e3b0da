#pragma once

#include <span>
#include <vector>

#include "data/normalization.hpp"
#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// Of each feature over all rows of a data set.
struct FeatureStatistics {
  std::vector<double> mean;
  std::vector<double> deviation;  ///< sqrt(1/N sum (x - mean)^2); exactly 0 for a constant feature
};

/// One pass over the data, shared among the ranks, with the same bits on any number of them: the
/// rows are cut into parts that depend on the data set's shape and type alone; a part's blocks are
/// summed in double in row order (in each block first the mean, then the squares of the distances
/// from it), and blocks and parts are merged in their order by the update of Chan, Golub, LeVeque
/// ("Updating formulae and a pairwise algorithm for computing sample variances", 1979), which does
/// not cancel. Collective. Throws the same Error on every rank: Error(data) for a data set without
/// rows or with NaN or infinity (naming the row), and as DatasetReader::read_rows.
[[nodiscard]] FeatureStatistics feature_statistics(const Communicator& communicator,
                                                   const DatasetReader& reader);

/// The conversion that `normalize` means for this data set. For standardize it makes the pass above
/// (collective); a deviation too small for its inverse to be a finite float counts as 1, like 0.
/// Throws Error(data) too when a feature's mean in single precision would be off by more than a
/// sixteenth of its deviation (a clock of seconds since 1970, say). With `weights` (empty: none) it
/// is the pass of weighted_statistics().
[[nodiscard]] InputTransform input_transform(const Communicator& communicator,
                                             const DatasetReader& reader, Normalize normalize,
                                             std::span<const float> weights = {});

}  // namespace hourglass
