#pragma once

#include <span>
#include <vector>

#include "hdf5/hdf5.hpp"
#include "hourglass/comm/communicator.hpp"
#include "hourglass/core/types.hpp"

namespace hourglass {

/// Facts about a data set of counts.
struct CountStatistics {
  Index samples = 0;
  /// The median of the libraries, the sums of a sample's counts, without samples that have none;
  /// the mean of the middle two where their number is even. 0 when no sample has counts.
  double median_library = 0;
  /// Of the natural logarithm of the same libraries, and its standard deviation (divided by their
  /// number), each term rounded to 2^-24.
  double mean_log_library = 0;
  double log_library_deviation = 0;
  std::vector<Index> empty_samples;   ///< without counts, ascending
  std::vector<Index> empty_features;  ///< without counts in any sample, ascending
};

/// A pass over the data, shared among the ranks; exact, hence the same on any number of ranks.
/// Every rank holds the libraries of its samples (8 bytes each). Throws Error(data) on every rank
/// naming sample and feature of a number that is not a count. Collective.
[[nodiscard]] CountStatistics count_statistics(const Communicator& communicator,
                                               const DatasetReader& reader);

/// Whether a number is a count: whole and at least 0.
[[nodiscard]] bool are_counts(std::span<const float> values);
/// Throws Error(data) naming the row and the first feature that is not a count.
void check_counts(const DatasetReader& reader, Index row, std::span<const float> values);

/// The middle of all ranks' values, whole numbers from 1 to 2^53; the mean of the middle two where
/// their number is even, 0 for none. Collective.
[[nodiscard]] double median_over_ranks(const Communicator& communicator, std::span<double> values);

}  // namespace hourglass
