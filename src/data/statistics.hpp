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
  /// Rows that have the feature, the N above; empty: all. Where it is 0, so are mean and deviation.
  std::vector<Index> count;
};

/// One pass over the data, shared among the ranks, with the same bits on any number of them: the
/// rows are cut into parts that depend on the data set's shape and type alone; a part's blocks are
/// summed in double in row order (in each block first the mean, then the squares of the distances
/// from it), and blocks and parts are merged in their order by the update of Chan, Golub, LeVeque
/// ("Updating formulae and a pairwise algorithm for computing sample variances", 1979), which does
/// not cancel. Collective. Throws the same Error on every rank: Error(data) for a data set without
/// rows or with NaN or infinity (naming the row), and as DatasetReader::read_rows. Where `missing`
/// allows missing elements they are left out, and what is there has the same bits as in a feature
/// without any. Of a data set with more than `most_rows` rows (0: of none), about so many are
/// measured: the first of each part.
[[nodiscard]] FeatureStatistics feature_statistics(const Communicator& communicator,
                                                   const DatasetReader& reader,
                                                   const MissingValues& missing = {},
                                                   Index most_rows = 0);

/// Rows that are enough for what is one number, or the start of what is trained: of 2^18 samples
/// the mean is off by 1/500 of a deviation.
constexpr Index enough_rows = Index{1} << 18;

/// Whether a feature of this mean and deviation counts as constant, so that its deviation is taken
/// as 1 and it becomes (nearly) 0, as in scikit-learn's StandardScaler: its deviation is
///  - 0, or of the size of rounding errors in double: up to 8 epsilon |mean|;
///  - less than 1e-10, and 1e-10 of the largest deviation of the data set: what is left of a
///    constant after arithmetic, not a measurement in a large unit, beside which others of the same
///    data set would be as small;
///  - or so small that its inverse is not a finite float.
[[nodiscard]] bool counts_as_constant(double mean, double deviation, double largest_deviation);

/// The conversion that `normalize` means for this data set. For standardize, and for the means of
/// Missing::mean, it makes the pass above (collective), whose result `measured` receives unless it
/// is null; for unit_mean_square that of enough_rows. The mean is also kept in double when one in
/// single precision would be off by more than a sixteenth of a feature's deviation. With `weights`
/// (empty: none), of samples without missing elements, it is the pass of weighted_statistics().
[[nodiscard]] InputTransform input_transform(const Communicator& communicator,
                                             const DatasetReader& reader, Normalize normalize,
                                             MissingValues missing = {},
                                             FeatureStatistics* measured = nullptr,
                                             std::span<const float> weights = {});

/// The features' means as the network's input: what is fed for missing elements. Empty (all 0)
/// after standardization, otherwise by the pass above (collective), whose result `measured`
/// receives unless it is null.
[[nodiscard]] std::vector<float> missing_means(const Communicator& communicator,
                                               const DatasetReader& reader, Normalize normalize,
                                               const MissingValues& missing,
                                               FeatureStatistics* measured = nullptr);

}  // namespace hourglass
